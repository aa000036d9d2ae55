// Owns two drawings in SVG: the smallest violating window alone, and a cycle of transactions.

const { clientOf, label, svg } = mc.charts;

const ROW = 40;
const LETTER = 7.3;
const GAP = 66;
const LEFT = 12;

/** Columns for all beginnings and ends: as far apart as the texts need, not as the times are. */
function columns(rows) {
  const o = mc.data.operations;
  const ends = (op) => (o.outcome[op] === 2 || o.took[op] < 0 ? null : o.start[op] + o.took[op]);
  const times = [...new Set(rows.flatMap((op) => [o.start[op], ends(op)]))]
    .filter((t) => t !== null).sort((a, b) => a - b);
  const left = LEFT + LETTER * (2 + Math.max(...rows.map((op) => clientOf(op).length)));
  const x = new Map();
  let at = left;
  for (const t of times) {
    for (const op of rows) {
      if (ends(op) === t) at = Math.max(at, x.get(o.start[op]) + wide(op));
    }
    x.set(t, at);
    at += GAP;
  }
  const open = rows.filter((op) => ends(op) === null);
  const width = Math.max(at, ...open.map((op) => x.get(o.start[op]) + wide(op) + 50)) + 10;
  return { times, x, ends, left, width };
}

const wide = (op) => LETTER * label(op).length + 26;

/** `order` is what `furthest` found, or null: then the bars stand alone. */
function drawWindow(rows, order, key) {
  const { times, x, ends, left, width } = columns(rows);
  const o = mc.data.operations;
  const lanes = stack(rows, ends);
  const height = 20 + lanes.size * ROW + 26;
  const drawn = svg("svg", {
    class: "window", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${rows.length} operations${key ? ` on ${key}` : ""} that fit in no order`,
  });
  const bottom = height - 24, places = decimals(times);
  for (const t of times) {
    drawn.append(
      svg("line", { class: "rule", x1: x.get(t), x2: x.get(t), y1: 8, y2: bottom }),
      svg("text", { class: "tick", x: x.get(t), y: height - 8, "text-anchor": "middle" },
        mc.when(t, places)),
    );
  }
  const stuck = new Set(order ? order.stuck : []), marks = order && points(order, lanes, x, ends);
  if (marks) drawn.append(marks[0]);
  for (const [op, row] of lanes.entries) {
    const y = 20 + row * ROW;
    drawn.append(svg("text", { class: "who", x: LEFT, y: y + 18 }, clientOf(op)));
    const to = ends(op) === null ? width - 8 : x.get(ends(op));
    drawn.append(bar(op, x.get(o.start[op]), to, y, stuck.has(op)));
  }
  if (marks) drawn.append(marks[1]);
  drawn.append(svg("line", { class: "rule", x1: left, x2: width, y1: bottom, y2: bottom }));
  return drawn;
}

/** As few decimals of a second as tell all moments apart, but at least milliseconds. */
function decimals(times) {
  const differ = (places) => new Set(times.map((t) => mc.when(t, places))).size === times.length;
  return [3, 6].find(differ) || 9;
}

/** A row for each client, and further ones where its operations overlap. */
function stack(rows, ends) {
  const o = mc.data.operations;
  const free = [];
  const entries = [...rows].sort((a, b) => o.start[a] - o.start[b]).map((op) => {
    const fits = (row) => row.lane === o.lane[op] && row.until <= o.start[op];
    let at = free.findIndex(fits);
    if (at < 0) at = free.push({}) - 1;
    free[at] = { lane: o.lane[op], until: ends(op) === null ? Infinity : ends(op) };
    return [op, at];
  });
  return { entries, size: free.length, of: new Map(entries) };
}

function bar(op, x0, x1, y, impossible) {
  const outcome = mc.outcome(mc.data.operations.outcome[op]);
  const open = mc.data.operations.outcome[op] === 2;
  const box = svg("g", { class: `bar ${outcome}${impossible ? " impossible" : ""}` });
  box.append(
    svg("rect", { x: x0, y, width: Math.max(x1 - x0, 4), height: 26, rx: open ? 0 : 3 }),
    svg("text", { x: x0 + 12, y: y + 19 }, label(op)),
  );
  if (open) {
    // The end of what is unknown lies anywhere: it dissolves instead of stopping.
    for (let i = 0; i < 4; i += 1) {
      const at = x1 - 40 + i * 10;
      box.append(svg("rect", {
        class: "veil", x: at, y: y - 1, width: 10.5, height: 28, "fill-opacity": 0.25 + i * 0.25,
      }));
    }
    box.append(svg("text", { class: "tick", x: x1 - 2, y: y + 18, "text-anchor": "end" }, "◆ ?"));
  }
  return box;
}

/** The order that goes furthest, as a line behind the bars and numbers on them; a cross on what cannot come next. */
function points(order, lanes, x, ends) {
  const o = mc.data.operations;
  const group = svg("g", { class: "points" });
  let at = 0;
  const corners = [];
  order.steps.forEach((step, i) => {
    at = Math.max(at + 16, x.get(o.start[step.op]) + 12);
    const until = ends(step.op);
    if (until !== null) at = Math.min(at, x.get(until) - 4);
    corners.push([at, 20 + lanes.of.get(step.op) * ROW, String(i + 1)]);
  });
  const line = svg("polyline", { class: "order", points: corners.map(([a, b]) => `${a},${b}`).join(" ") });
  for (const [a, b, text] of corners) {
    group.append(svg("circle", { cx: a, cy: b, r: 8 }),
      svg("text", { x: a, y: b + 4, "text-anchor": "middle" }, text));
  }
  for (const op of order.stuck) {
    const a = Math.max(at + 16, x.get(o.start[op]) + 12);
    const b = 20 + lanes.of.get(op) * ROW + 6;
    group.append(svg("text", { class: "cross", x: a, y: b, "text-anchor": "middle" }, "✖"));
  }
  return [line, group];
}

/** Transactions in a ring, with an arrow for each edge: `before` must have come before `after`. */
function drawCycle(edges, names) {
  const nodes = [...names.keys()];
  const radius = [0, 0, 74, 78][nodes.length] || 28 * nodes.length;
  const width = 2 * radius + 180, height = nodes.length === 2 ? 120 : 2 * radius + 100;
  const middle = { x: width / 2, y: nodes.length === 2 ? 60 : radius + 40 };
  const place = (op) => {
    const angle = (2 * Math.PI * nodes.indexOf(op)) / nodes.length - Math.PI / 2;
    const turned = nodes.length === 2 ? angle - Math.PI / 2 : angle;
    return { x: middle.x + radius * Math.cos(turned), y: middle.y + radius * Math.sin(turned) };
  };
  const drawn = svg("svg", {
    class: "cycle", width, height, role: "img",
    viewBox: `0 0 ${width} ${height}`,
    "aria-label": `a cycle of ${nodes.length} transactions: ${edges.map((edge) =>
      `${names.get(edge.before)} before ${names.get(edge.after)} by ${edge.kind}`).join(", ")}`,
  });
  for (const edge of edges) drawn.append(arrow(place(edge.before), place(edge.after), edge));
  for (const op of nodes) {
    const at = place(op);
    drawn.append(svg("circle", { class: "node", cx: at.x, cy: at.y, r: 22 }),
      svg("text", { class: "name", x: at.x, y: at.y + 5, "text-anchor": "middle" }, names.get(op)));
  }
  return drawn;
}

/** An arrow bent away from the middle, so that there and back are two; its kind stands beside it. */
function arrow(from, to, edge) {
  const away = { x: to.x - from.x, y: to.y - from.y };
  const long = Math.hypot(away.x, away.y) || 1;
  const side = { x: away.y / long, y: -away.x / long };
  const bent = { x: (from.x + to.x) / 2 + side.x * 34, y: (from.y + to.y) / 2 + side.y * 34 };
  const cut = (point, by) => {
    const d = Math.hypot(bent.x - point.x, bent.y - point.y) || 1;
    return [point.x + ((bent.x - point.x) * by) / d, point.y + ((bent.y - point.y) * by) / d];
  };
  const [ax, ay] = cut(from, 24);
  const [bx, by] = cut(to, 27);
  const angle = Math.atan2(by - bent.y, bx - bent.x);
  const wing = (turn) => `${bx - 9 * Math.cos(angle + turn)},${by - 9 * Math.sin(angle + turn)}`;
  return svg("g", { class: `edge ${edge.kind}` },
    svg("path", { d: `M${ax},${ay} Q${bent.x},${bent.y} ${bx},${by}` }),
    svg("polygon", { points: `${bx},${by} ${wing(0.4)} ${wing(-0.4)}` }),
    svg("text", {
      x: bent.x + side.x * (edge.kind.length > 3 ? 20 : 10), y: bent.y + side.y * 10 + 4,
      "text-anchor": "middle",
    }, edge.kind));
}

Object.assign(mc.charts, { drawWindow, drawCycle });
