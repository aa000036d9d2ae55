// Owns the comparison with a second run: heads, where the two part, its space-time diagram, figures side by side.

// What a view asks to be changed while the second run stands in for the first happens afterwards.
const LATER = ["setRange", "setCursor", "flyTo", "focusOn", "reveal", "emit"];
const second = { mc: null, st: {}, t: 0, at: 0, rows: [-1, -1] };

/** What a layout found out, without the functions that draw it. */
const shapeOf = (st) => Object.fromEntries(Object.entries(st).filter(([, value]) => typeof value !== "function"));

/** Runs `act` with the second run in the place of the first: every view then draws that one. */
function asOther(act) {
  const { st } = mc, later = [], was = {}, shape = shapeOf(st);
  const stand = { ...second.mc };
  for (const name of LATER) stand[name] = (...given) => later.push([name, given]);
  for (const name of Object.keys(stand)) was[name] = mc[name];
  Object.assign(mc, stand);
  Object.assign(st, second.st);
  try {
    return act(st);
  } finally {
    second.mc.model = mc.model;
    second.st = shapeOf(st);
    Object.assign(mc, was);
    Object.assign(st, shape);
    for (const [name, given] of later) mc[name](...given);
  }
}

/** Both runs get one axis: that of the longer. */
function ready() {
  const end = Math.max(mc.data.end, mc.other.end);
  mc.data.end = mc.other.end = end;
  mc.setRange(-end * 0.01, end * 1.01);
  let chosen = {};
  second.mc = { data: mc.other, model: null, matches: null, selection: () => chosen,
    select: (what) => { chosen = what; mc.emit("cursor"); } };
  asOther(() => mc.buildModel());
  const { number, t } = mc.data.other.parting || {};
  second.t = t || 0;
  second.rows = [number ? mc.row(number) : -1, number ? asOther(() => mc.row(number)) : -1];
  second.at = second.rows[1] < 0 ? second.t : mc.other.events.t[second.rows[1]];
  if (parts()) mc.setCursor(second.t);
}

/** Whether the two part anywhere. */
const parts = () => second.t > 0 || second.rows[0] >= 0;

mc.section("header", function () {
  if (!mc.other || !mc.data.other) return;
  ready();
  const about = mc.data.other;
  const section = mc.el("section", { id: "compare", "aria-labelledby": "compare-title" },
    mc.el("h2", { id: "compare-title" }, "Two runs"),
    mc.el("p", { class: "reason" }, about.same ? "The two runs are the same, event for event." : parted(about)),
    mc.el("div", { class: "cols two" }, head("A", mc.data), head("B", mc.other)));
  if (parts()) section.append(mc.el("div", { class: "cols two" }, way("A", about.parting.one), way("B", about.parting.other)));
  section.append(mc.el("div", { class: "cols two" }, pairs("What differs", about.differences || []),
    pairs("Figures", figures())));
  document.getElementById("bar").after(section);
});

function parted({ how, fields, parting }) {
  const words = parts() ? [` They part ${parting.number ? `at event ${parting.number.toLocaleString("en-US")}, ` : ""}at ${mc.when(parting.t, 6)}`,
    fields && fields.length ? `: the events there differ in ${fields.join(", ")}` : "", ". "] : [" "];
  return [`${how.charAt(0).toUpperCase()}${how.slice(1)}.`, ...words, parts() ? mc.button("show", "Go to where they part, in both", () => {
    if (second.rows[0] >= 0) mc.goTo(second.rows[0]);
    else mc.setCursor(parting.t);
    if (second.rows[1] >= 0) second.mc.select({ event: second.rows[1] });
    mc.focusOn(Math.min(parting.t, second.at) - 5e6, Math.max(parting.t, second.at) + 5e6);
    mc.bring("spacetime");
  }, { class: "small" }) : ""];
}

function head(letter, { header: h }) {
  return mc.el("div", { class: "box" }, mc.el("h3", null, mc.el("span", { class: "letter" }, letter), mc.verdict(h.verdict),
    ` ${h.scenario}${h.variant ? ` / ${h.variant}` : ""}, seed ${h.seed}`),
  mc.el("p", null, h.reason || ""), mc.el("p", null, mc.el("code", null, h.replay || h.repeat)));
}

/** What led to the first event that only this run has; that event itself stands last. */
function way(letter, lines) {
  const box = mc.el("div", { class: "box" }, mc.el("h3", null, mc.el("span", { class: "letter" }, letter), "What led to where they part"));
  if (!lines.length) box.append(mc.el("p", null, "This run was over by then."));
  box.append(mc.el("ol", { class: "way" }, lines.map((line, i) => {
    const [, number, seconds, words] = /^(\S+) (\S+) (.*)$/s.exec(line) || [null, "", "", line];
    return mc.el("li", i === lines.length - 1 ? { "aria-current": "true" } : null,
      mc.el("span", { class: "time" }, `${seconds} s`), ` ${words} `, mc.el("span", { class: "muted" }, `#${number}`));
  })));
  return box;
}

function pairs(title, rows) {
  const box = mc.el("div", { class: "box" }, mc.el("h3", null, title));
  if (!rows.length) box.append(mc.el("p", { class: "muted" }, "Nothing."));
  else {
    box.append(mc.el("table", { class: "gauges" }, mc.el("thead", null, mc.el("tr", null,
      ["figure", "A", "B"].map((text) => mc.el("th", { scope: "col" }, text)))), mc.el("tbody", null, rows.map(([name, one, other]) =>
      mc.el("tr", { class: String(one) === String(other) ? "muted" : "differs" }, mc.el("th", { scope: "row" }, name),
        mc.el("td", null, one), mc.el("td", null, other))))));
  }
  return box;
}

/** The same figures of both runs; where they differ the row stands out. */
function figures() {
  const [one, other] = [mc.data, mc.other].map(figuresOf);
  return [...new Set([...one.keys(), ...other.keys()])].map((name) => [name, one.get(name) ?? "–", other.get(name) ?? "–"]);
}

function figuresOf({ header: h, figures: f, network }) {
  const found = new Map(), number = (value) => value.toLocaleString("en-US");
  found.set("events", number(h.events)).set("messages", number(h.messages)).set("operations", number(h.operations));
  const fates = network.flatMap((one) => Object.entries(one.fates)).filter(([fate]) => !/delivered|under way/.test(fate));
  found.set("messages dropped", number(fates.reduce((all, [, count]) => all + count, 0)));
  found.set("messages per operation", String(f.per_operation ?? "–"));
  for (const [name, of] of Object.entries(f.functions || {})) {
    found.set(`${name}: ok, unknown, fail`, [of.ok, of.unknown, of.fail].map(number).join(", "));
    for (const wanted of [0.5, 0.99]) {
      const row = (f.spectrum[name] || []).find(([quantile]) => quantile >= wanted);
      if (row) found.set(`${name}: p${wanted * 100}`, mc.ms(row[1] * 1e6));
    }
  }
  const away = (f.unavailable || []).reduce((all, gap) => all + ((gap.end ?? h.virtual_s * 1e9) - gap.begin), 0);
  return found.set("unavailable, added up", away ? mc.ms(away) : "never");
}

/** The second diagram stands below the first: the same axis, the same cursor, each with its own parting. */
mc.section("spacetime", function (parent) {
  if (!mc.other || !mc.data.other) return;
  const { st } = mc, first = parent.querySelector(".frame"), frame = mc.el("div", { class: "frame" });
  first.before(mc.el("p", null, mc.el("span", { class: "letter" }, "A"), title(mc.data)));
  first.after(mc.el("p", null, mc.el("span", { class: "letter" }, "B"), title(mc.other)), frame);
  const paint = st.paint;
  st.paint = (ctx, width) => {
    paint(ctx, width);
    const other = mc.data === mc.other;
    if (parts()) flag(ctx, second.rows[other ? 1 : 0], other ? second.at : second.t);
  };
  asOther(() => { st.light(); st.lay(); });
  const draw = (ctx, width) => asOther(() => {
    st.light();
    st.lay();
    st.paint(ctx, width);
  });
  const canvas = mc.canvas(frame, second.st.height, (ctx, width, height) => {
    draw(ctx, width);
    if (height !== second.st.height) canvas.setHeight(second.st.height);
  }, { label: `Space-time diagram of the second run, ${title(mc.other)}`,
    onMove: (...given) => asOther(() => st.onMove(...given)), onClick: (...given) => asOther(() => st.onClick(...given)),
    axis: Object.fromEntries(["at", "zoom", "pan"].map((name) => [name, (...given) => asOther(() => st.axis[name](...given))])) });
});

const title = ({ header: h }) => `${h.scenario}${h.variant ? ` / ${h.variant}` : ""}, seed ${h.seed}: ${h.verdict || "no verdict"}`;

function flag(ctx, row, t) {
  const { st } = mc, x = Math.round(row >= 0 ? st.ex(row) : st.tx(-1, t));
  if (x < st.left - 1 || x > st.right + 1) return;
  const text = "they part here", wide = ctx.measureText(text).width + 10, at = Math.min(x, st.right - wide);
  ctx.fillStyle = mc.colour("bad");
  ctx.fillRect(x - 1, 0, 2, st.bottom);
  ctx.fillRect(at, st.bottom - 16, wide, 16);
  ctx.fillStyle = mc.colour("paper");
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, at + 5, st.bottom - 8);
}
