// Owns the story: the key moments in order, each with what was, what is now, and a way to its picture.

const SIGNS = { fault: "⚡", heal: "✚", crash: "✖", boot: "▲", pause: "❚❚", state: "◈", violation: "⚑", recovery: "✔", note: "❝", end: "■" };
const MANY = 14;

mc.section("story", (parent) => {
  const moments = mc.data.moments;
  if (!moments.length) return parent.append(mc.el("p", { class: "muted" }, "Nothing stood out: no fault, no note, no change of state."));
  const list = mc.el("ol", { class: "story" }, moments.map(item));
  parent.append(list);
  if (moments.length > MANY) fold(parent, list, moments.length);
  const mark = () => {
    const now = mc.cursor();
    [...list.children].forEach((row, i) => {
      row.classList.toggle("now", moments[i].t <= now && !(moments[i + 1] && moments[i + 1].t <= now));
    });
  };
  mc.on("cursor", mark);
  mark();
});

function item(moment, i) {
  const jump = mc.button(mc.when(moment.t, 3), "Put the cursor here and show it", () => mc.toMoment(i), { class: "jump" });
  const words = mc.el("span", { class: "what" }, moment.text);
  if (moment.lane >= 0 && !moment.text.includes(mc.lane(moment.lane))) words.prepend(mc.el("b", null, `${mc.lane(moment.lane)} `));
  const fault = mc.data.faults.find((one) => one.groups?.length && one.begin === moment.t && moment.text.startsWith(one.name));
  const now = fault ? mc.sideWords(fault) : moment.now;
  if (moment.was || now) {
    words.append(mc.el("span", { class: "delta" }, moment.was ? [mc.el("s", null, moment.was), " → "] : "", mc.el("b", null, now || "gone")));
  }
  return mc.el("li", { class: `moment ${moment.kind}` }, jump,
    mc.el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[moment.kind] || "·"), words);
}

function fold(parent, list, count) {
  list.classList.add("folded");
  const more = mc.button(`all ${count} moments`, "Show every moment", () => {
    const folded = list.classList.toggle("folded");
    more.textContent = folded ? `all ${count} moments` : "fewer";
    more.setAttribute("aria-expanded", String(!folded));
  }, { class: "small", "aria-expanded": "false" });
  parent.append(more);
}

/** The cursor goes to a moment, its event is chosen, and the diagram shows what is near. */
mc.toMoment = function (i) {
  const moments = mc.data.moments, moment = moments[i];
  const row = moment.e ? mc.row(moment.e) : -1;
  const near = [moments[i - 1], moments[i + 1]].filter(Boolean).map((other) => Math.abs(other.t - moment.t)).filter((gap) => gap > 0);
  // Far enough to see what came of it, near enough to see single messages where there are many.
  const sight = Math.max(mc.data.end * 0.004, Math.min(mc.data.end * 0.12, ...near));
  mc.setCursor(moment.t);
  mc.select(row < 0 ? {} : { event: row });
  mc.flyTo(moment.t - sight * 0.4, moment.t + sight * 0.8);
  mc.bring("spacetime");
};
