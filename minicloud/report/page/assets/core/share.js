// Owns what all pictures share: one time cursor, one visible range, one selection, one filter, and who listens.

const listeners = {};
const LEAST = 2000; // nanoseconds: below that, doubles of pixels are no use to anybody
let cursor = 0;
let range = [0, 1];
let chosen = {};
let flight = 0;

mc.opts = { logical: false, cone: false, quiet: false, folded: {} };
mc.still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Call `fn` after each change of "cursor", "range", "select", "theme", "filter" or "view". */
mc.on = (what, fn) => { (listeners[what] ||= []).push(fn); };
mc.emit = (what) => { for (const fn of listeners[what] || []) fn(); };

mc.text = (i) => (i < 0 ? "" : mc.data.strings[i]);

mc.cursor = () => cursor;
mc.setCursor = function (ns) {
  cursor = Math.max(0, Math.min(mc.data.end, ns));
  mc.emit("cursor");
};

mc.range = () => range;
/** Show the time from `t0` to `t1`, in nanoseconds; a little air beyond the run is allowed. */
mc.setRange = function (t0, t1) {
  cancelAnimationFrame(flight);
  place(t0, t1);
};

function place(t0, t1) {
  const end = mc.data.end, air = end * 0.02;
  const span = Math.max(LEAST, Math.min(t1 - t0, end + 2 * air));
  const from = Math.max(-air, Math.min((t0 + t1 - span) / 2, end + air - span));
  range = [from, from + span];
  mc.emit("range");
}

mc.showAll = () => mc.flyTo(-mc.data.end * 0.01, mc.data.end * 1.01);

/** Go to a range: at once where motion is unwelcome, otherwise in a fifth of a second. */
mc.flyTo = function (t0, t1) {
  cancelAnimationFrame(flight);
  if (mc.still()) return place(t0, t1);
  const [a, b] = range, begun = performance.now();
  const step = (now) => {
    const part = Math.min(1, Math.max(0, (now - begun) / 200)), eased = 1 - (1 - part) ** 3;
    place(a + (t0 - a) * eased, b + (t1 - b) * eased);
    if (part < 1) flight = requestAnimationFrame(step);
  };
  flight = requestAnimationFrame(step);
};

/** Show a stretch of time with as much again around it. */
mc.focusOn = function (t0, t1) {
  const air = Math.max((t1 - t0) * 0.5, mc.data.end * 1e-5, LEAST);
  mc.flyTo(t0 - air, t1 + air);
};

/** Make sure that a moment is on the screen, without a change of scale. */
mc.reveal = function (ns) {
  const [a, b] = range, span = b - a;
  if (ns < a + span * 0.05 || ns > b - span * 0.05) mc.flyTo(ns - span / 2, ns + span / 2);
};

mc.selection = () => chosen;
/** Choose one thing by its row: {event}, {operation}, {message} or {fault}; {} chooses nothing. */
mc.select = function (what) {
  chosen = what || {};
  mc.emit("select");
};

/** Choose an event by its row, put the cursor on it and bring it into sight. */
mc.goTo = function (row) {
  mc.setCursor(mc.data.events.t[row]);
  mc.select({ event: row });
  mc.reveal(mc.data.events.t[row]);
};

mc.toggle = function (name) {
  mc.opts[name] = !mc.opts[name];
  mc.emit("view");
};

/** The first index whose value is not below `value`, in a sorted array. */
mc.lower = function (sorted, value, end) {
  let low = 0, high = end === undefined ? sorted.length : end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
};
