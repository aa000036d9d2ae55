// Owns the orders that a small window of operations could have had: how far they go, where they end.

const { endOf } = mc.charts;

// A search over subsets is for the few operations of a violating window only.
const MOST = 14;

/** What an operation leaves of a state: undefined where it cannot happen in it. */
const STEPS = {
  read: (state, op) => (!op.known || op.result === state ? state : undefined),
  write: (state, op) => op.asked,
  cas(state, op) {
    const pair = op.asked.replace(/^\[|\]$/g, "").split(" ");
    if (op.known && op.result === "false") return state === pair[0] ? undefined : state;
    return state === pair[0] ? pair[1] : undefined;
  },
  delete: () => "nil",
  acquire: (state) => (state === "free" ? "held" : undefined),
  release: (state) => (state === "held" ? "free" : undefined),
};
STEPS.get = (state, op) => (state === "nil" && op.result === "" ? state : STEPS.read(state, op));
STEPS.put = STEPS.write;

/** Values are compared as texts, which come quoted or not, with commas or without. */
const norm = (text) => text.replace(/^"(.*)"$/s, "$1").replace(/,\s*/g, " ");

function plain(op) {
  const o = mc.data.operations, text = (column) => (o[column][op] < 0 ? "nil" : norm(mc.text(o[column][op])));
  const known = o.outcome[op] === 0;
  return { op, known, f: text("f"), asked: text("asked"), result: text("result"), start: o.start[op],
    end: known && o.took[op] >= 0 ? endOf(op) : Infinity };
}

/**
 * The order of `rows` that places most of what is known to have happened, after Wing and Gong
 * ("Testing and Verifying Concurrent Objects", 1993, section 4): {from, steps: [{op, state}],
 * stuck: [op]}. What returned before another began comes before it; what is of unknown outcome
 * comes at any later time, or never. Null where this page does not know what the operations do,
 * or some order places them all.
 */
function furthest(rows, starts) {
  const o = mc.data.operations;
  const ops = rows.filter((row) => o.outcome[row] !== 1).map(plain);
  if (!ops.length || ops.length > MOST || !ops.every((op) => STEPS[op.f])) return null;
  ops.sort((a, b) => a.end - b.end || a.start - b.start);
  const initial = ops.some((op) => op.f === "acquire" || op.f === "release") ? "free" : "nil";
  const needed = ops.filter((op) => op.known).length;
  let best = null;
  for (const from of starts.length ? starts.map(norm) : [initial]) {
    const found = search(ops, from);
    if (found.placed === needed) return null;
    if (!best || found.placed > best.placed) best = found;
  }
  return best;
}

function search(ops, from) {
  const seen = new Set();
  let best = null;
  const visit = (mask, state, steps, placed) => {
    const key = `${mask} ${state}`;
    if (seen.has(key)) return;
    seen.add(key);
    const next = enabled(ops, mask);
    if (!best || placed > best.placed) {
      best = { from, placed, steps, stuck: next.filter((op) => op.known).map((op) => op.op) };
    }
    for (const op of next) {
      const after = STEPS[op.f](state, op);
      if (after === undefined) continue;
      const step = { op: op.op, state: after };
      visit(mask | (1 << ops.indexOf(op)), after, [...steps, step], placed + (op.known ? 1 : 0));
    }
  };
  visit(0, from, [], 0);
  return best;
}

/** What may come next: nothing that is not placed yet returned before it began. */
function enabled(ops, mask) {
  const left = ops.filter((_, i) => !(mask & (1 << i)));
  const first = Math.min(...left.map((op) => op.end));
  return left.filter((op) => op.start <= first);
}

mc.charts.furthest = furthest;
