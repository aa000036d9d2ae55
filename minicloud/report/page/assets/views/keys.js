// Owns the keyboard: every key, what it does, and the page that lists them.

/** Step to the next or previous event: of those found, if something is searched for. */
mc.step = function (by) {
  const { events } = mc.data, rows = mc.matches && mc.matches.rows, chosen = mc.selection().event;
  const here = chosen ?? mc.lower(events.t, mc.cursor()) - (by > 0 ? 1 : 0);
  let next = here + by;
  if (rows) next = by > 0 ? rows[mc.lower(rows, here + 1)] : rows[mc.lower(rows, here) - 1];
  if (next >= 0 && next < events.length) mc.goTo(next);
  else mc.say(by > 0 ? "No later event" : "No earlier event");
};

/** The next of sorted moments after the cursor, or the last before it. */
function beside(times, by) {
  const now = mc.cursor();
  return by > 0 ? times.find((t) => t > now) : times.filter((t) => t < now).pop();
}

let visited = null;
mc.stepViolation = function (by) {
  const list = mc.model.violations, now = mc.cursor();
  if (!list.length) return mc.say("No check found a violation");
  // Several share a moment, so the last one visited counts while the cursor is still on it.
  let next = visited && visited.t === now ? list.indexOf(visited) + by
    : by > 0 ? list.findIndex((one) => one.t >= now) : list.findLastIndex((one) => one.t < now);
  if (next < 0) next = by > 0 ? 0 : list.length - 1;
  const found = visited = list[next % list.length];
  mc.setCursor(found.t);
  mc.select(found.op !== undefined ? { operation: found.op } : found.moment.e ? { event: mc.row(found.moment.e) } : {});
  if (found.op !== undefined) mc.focusOn(found.t, found.t + Math.max(0, mc.data.operations.took[found.op]));
  else mc.reveal(found.t);
};

mc.stepFault = function (by) {
  const times = mc.data.faults.flatMap((fault) => [fault.begin, mc.until(fault)]).sort((a, b) => a - b);
  const t = beside(times, by);
  if (t === undefined) return mc.say(by > 0 ? "No later fault" : "No earlier fault");
  mc.setCursor(t);
  mc.select({ fault: mc.data.faults.findIndex((fault) => fault.begin === t || mc.until(fault) === t) });
  mc.reveal(t);
};

const KEYS = [
  ["/", "search", () => document.getElementById("search").focus()],
  ["?", "this page", () => mc.help()],
  ["j", "next event (of those found)", () => mc.step(1)],
  ["k", "previous event", () => mc.step(-1)],
  ["n", "next violation", () => mc.stepViolation(1)],
  ["p", "previous violation", () => mc.stepViolation(-1)],
  ["[", "previous begin or end of a fault", () => mc.stepFault(-1)],
  ["]", "next begin or end of a fault", () => mc.stepFault(1)],
  ["ArrowLeft", "earlier", () => mc.panBy(-0.2)],
  ["ArrowRight", "later", () => mc.panBy(0.2)],
  ["+", "zoom in", () => mc.zoom(0.5)],
  ["-", "zoom out", () => mc.zoom(2)],
  ["0", "the whole run", () => mc.showAll()],
  ["f", "follow the chosen request", () => mc.follow()],
  ["c", "causal cone of the chosen event", () => mc.toggle("cone")],
  ["l", "logical time (Lamport's clock)", () => mc.toggle("logical")],
  ["h", "fold quiet lanes", () => mc.toggle("quiet")],
  ["g", "lanes by side of the partition", () => mc.toggle("sides")],
  ["t", "light or dark", () => mc.flipTheme()],
  ["y", "copy a link to this view", () => mc.copyLink()],
  ["Escape", "choose nothing, end the search", () => { mc.tip(); mc.select({}); mc.search(""); }],
];
const SAME = { "=": "+", _: "-" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  const found = mc.data && KEYS.find(([key]) => key === (SAME[event.key] || event.key));
  if (!found) return;
  event.preventDefault();
  found[2]();
});

let page = null;
/** The list of keys and of what can be searched for. */
mc.help = function () {
  page ||= mc.el("dialog", { "aria-labelledby": "help-title" },
    mc.el("h2", { id: "help-title" }, "Keys and search"),
    mc.el("dl", { class: "keys" }, KEYS.map(([key, words]) => [mc.el("dt", null, mc.el("kbd", null, key.replace("Arrow", ""))), mc.el("dd", null, words)])),
    mc.el("p", null, "Drag pans, Shift + drag zooms to what was drawn over, a double click zooms in, Ctrl + wheel (or the wheel after a click) zooms. A click on a lane's name folds it."),
    mc.el("p", null, "Search for words, or for fields: ", mc.el("code", null, "node:n2 kind:kv.Keep key:x fate:cut op:alice:3 type:drop from:n1 to:n2 f:write is:violation"), ". All must hold."),
    mc.el("form", { method: "dialog" }, mc.el("button", { class: "small" }, "close")));
  if (!page.isConnected) document.body.append(page);
  page.showModal();
};
