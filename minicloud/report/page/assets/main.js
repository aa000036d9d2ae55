// Owns the beginning: decode, index, fill the sections in order, and say when all of it stands.

const ORDER = ["header", "bar", "story", "spacetime", "operations", "anomalies", "performance", "network", "nodes", "data"];

mc.theme();

mc.ready = (async () => {
  mc.data = await mc.decode("run");
  mc.other = await mc.decode("run-other");
  mc.buildModel();
  const air = mc.data.end * 0.01, first = mc.model.violations[0] || mc.data.faults[0];
  mc.setRange(-air, mc.data.end + air);
  mc.setCursor(first ? first.t ?? first.begin : 0);
  for (const name of ORDER) fill(name);
  mc.readLink();
  for (const what of ["cursor", "range", "select", "filter", "view"]) mc.on(what, mc.writeLink);
  document.documentElement.dataset.ready = "yes";
})().catch((problem) => {
  document.querySelector("#header .body").replaceChildren(mc.el("p", { class: "notice", role: "alert" },
    `This report could not be opened: ${problem.message}. A browser from 2023 or later is needed (DecompressionStream); otherwise make it again: minicloud report RUN`));
  throw problem;
});

/** A section that cannot be drawn says so; the others are none the worse. */
function fill(name) {
  const section = document.getElementById(name), parent = section.querySelector(".body") || section;
  const fillers = mc.sections(name);
  if (!fillers.length) parent.append(mc.el("p", { class: "muted" }, "Nothing to show."));
  for (const filler of fillers) {
    try {
      filler(parent);
    } catch (problem) {
      parent.append(mc.el("p", { class: "notice", role: "alert" }, `This part could not be drawn: ${problem.message}`));
      console.error(problem);
    }
  }
}

/** Pan and zoom over so many frames; resolves to the time of each in milliseconds. */
mc.bench = function (frames) {
  const before = mc.range(), end = mc.data.end, times = [];
  return new Promise((done) => {
    let last = 0;
    const step = (now) => {
      if (last) times.push(now - last);
      last = now;
      const i = times.length;
      if (i >= frames) {
        mc.setRange(...before);
        return done(times);
      }
      // From the whole run down to a thousandth of it and back, wandering: every level of detail is met.
      const part = 10 ** (-1.5 + 1.5 * Math.cos((i / frames) * 4 * Math.PI)), middle = end * (0.5 + 0.4 * Math.sin(i / 9));
      mc.setRange(middle - (end * part) / 2, middle + (end * part) / 2);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
};
