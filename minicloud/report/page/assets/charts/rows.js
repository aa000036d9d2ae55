// Owns which operation is in which row of the Gantt, and which of them lies under the pointer.

const { endOf } = mc.charts;

// A client in an open loop may have many operations under way; more rows than that tell nothing.
const MOST = 6;

/** Rows of operations that do not overlap, so that both their starts and their ends are sorted. */
function rowsOf(operations) {
  const o = mc.data.operations, lanes = new Map();
  for (const op of operations) {
    if (!lanes.has(o.lane[op])) lanes.set(o.lane[op], []);
    const rows = lanes.get(o.lane[op]);
    const row = rows.find((one) => one.free <= o.start[op]) || another(rows, o.lane[op]);
    row.ops.push(op);
    row.free = Math.max(row.free, endOf(op));
  }
  const order = [...lanes.keys()].sort((one, two) => one - two);
  return order.flatMap((lane) => lanes.get(lane)).map(sealed);
}

function another(rows, lane) {
  if (rows.length === MOST) return rows[MOST - 1];
  const row = { lane, ops: [], free: -1, first: rows.length === 0 };
  rows.push(row);
  return row;
}

function sealed({ lane, first, ops }) {
  const o = mc.data.operations, unknown = ops.find((op) => o.outcome[op] === 2);
  return {
    lane, first, ops,
    starts: Float64Array.from(ops, (op) => o.start[op]),
    ends: Float64Array.from(ops, endOf),
    doubt: unknown === undefined ? -1 : endOf(unknown),
  };
}

/** The operation of a row nearest to `t`, at most `slack` away; -1 if there is none. */
function nearest(row, t, slack) {
  let best = -1, distance = slack;
  const from = mc.lower(row.ends, t - slack), to = Math.min(row.ops.length, from + 200);
  for (let i = from; i < to && row.starts[i] <= t + slack; i++) {
    const away = Math.max(row.starts[i] - t, t - row.ends[i], 0);
    if (away > distance) continue;
    best = row.ops[i];
    distance = away;
  }
  return best;
}

Object.assign(mc.charts, { rowsOf, nearest });
