// Owns what lies behind the messages of the space-time diagram: faults, sides of partitions, gaps, states, operations.

const { st } = mc;
const STRIP = /^(role|leader|term|epoch|view|state|status|phase|primary|owner|holder|breaker|mode|generation|reign)$/;
const TERM = /^(term|epoch|view|generation|reign)$/;

/** Bars above the lanes, one for each fault, with their names where these fit. */
st.drawFaults = function (ctx) {
  const chosen = mc.selection().fault;
  mc.data.faults.forEach((fault, i) => {
    const a = st.cx(-1, fault.begin), b = Math.max(a + 3, st.cx(-1, mc.until(fault)));
    if (st.tx(-1, mc.until(fault)) < st.left || st.tx(-1, fault.begin) > st.right) return;
    const y = st.trackY(i), colour = mc.colour("fault", fault.kind);
    ctx.fillStyle = colour;
    ctx.globalAlpha = chosen === i ? 0.45 : 0.22;
    ctx.fillRect(a, y, b - a, 15);
    ctx.globalAlpha = 1;
    ctx.fillRect(a, y, 2, 15);
    // A name may go on to the right of its bar, up to the next bar of the row.
    const next = mc.data.faults.find((other, j) => st.track[j] === st.track[i] && other.begin > fault.begin);
    st.fit(ctx, mc.faultWords(fault), a + 6, y + 8, (next ? st.cx(-1, next.begin) : st.right) - a - 10, mc.colour("ink"));
    reach(ctx, fault, colour);
  });
};

/** A fault's shadow over the lanes that it touches; the sides of a partition with a wall between them. */
function reach(ctx, fault, colour) {
  if (/^(down|crash|pause)/.test(fault.kind)) return; // gaps say that better
  const sides = fault.groups || [], lanes = sides.length > 1 ? sides.flat() : fault.hosts || [];
  const shown = lanes.length ? lanes : mc.data.lanes.map((_, lane) => lane);
  ctx.fillStyle = colour;
  for (const lane of shown) {
    const row = st.rows[lane], side = sides.findIndex((group) => group.includes(lane));
    const a = st.cx(lane, fault.begin), b = st.cx(lane, mc.until(fault));
    if (!row || b <= a) continue;
    if (sides.length > 1) ctx.fillStyle = mc.colour("side", side);
    // What touches everything is told by its bar and its edges; a full shade would only grey the picture.
    ctx.globalAlpha = (mc.dark() ? 0.11 : 0.085) * (lanes.length ? 1 : 0.35);
    ctx.fillRect(a, row.y - row.tall / 2, b - a, row.tall);
  }
  ctx.globalAlpha = 1;
  if (sides.length > 1) walls(ctx, fault, sides, colour);
}

function walls(ctx, fault, sides, colour) {
  const several = mc.data.faults.some((other) => other !== fault && (other.groups || []).length > 1
    && other.begin < mc.until(fault) && fault.begin < mc.until(other));
  const rows = st.order().map((lane) => st.rows[lane]);
  const side = (row) => sides.findIndex((group) => group.includes(row.lane));
  rows.forEach((row, i) => {
    const a = st.cx(row.lane, fault.begin), b = st.cx(row.lane, mc.until(fault)), mine = side(row);
    const above = i ? side(rows[i - 1]) : -1;
    if (b - a < 1 || mine < 0) return;
    if (above !== mine) {
      const top = row.y - row.tall / 2;
      if (i && above >= 0) st.hatch(ctx, a, top - 3, b - a, 6, colour, 0.9);
      if (b - a > 60 && !row.folded) {
        ctx.fillStyle = mc.colour("side", mine);
        ctx.font = "600 10px system-ui, sans-serif";
        ctx.textAlign = "right"; // where a band ends there is rarely the label of an operation
        ctx.textBaseline = "top";
        ctx.fillText(`side ${String.fromCharCode(65 + mine)}${several ? ` of ${fault.name}` : ""}`, b - 5, top + 4);
        ctx.font = mc.FONT;
      }
    }
  });
}

/** Oblique lines in a box; what is missing looks crossed out rather than filled. */
st.hatch = function (ctx, x, y, w, h, colour, alpha) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.globalAlpha = alpha;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  const step = 6;
  for (let at = Math.floor((x - h) / step) * step; at < x + w; at += step) {
    ctx.moveTo(at, y + h);
    ctx.lineTo(at + h, y);
  }
  ctx.stroke();
  ctx.restore();
};

/** A text if it fits, cut if most of it does, else nothing; true where it was drawn. */
st.fit = function (ctx, text, x, y, room, colour) {
  if (room < 22) return false;
  let shown = text;
  if (ctx.measureText(shown).width > room) {
    const keep = Math.floor((room / ctx.measureText(shown).width) * shown.length) - 1;
    if (keep < 4) return false;
    shown = `${shown.slice(0, keep)}…`;
  }
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = colour;
  ctx.fillText(shown, x, y);
  return true;
};

st.drawLanes = function (ctx) {
  for (const row of st.rows) {
    ctx.fillStyle = mc.colour(row.folded ? "grid" : "line");
    ctx.fillRect(st.left, row.y - 0.5, st.right - st.left, 1);
    for (const gap of mc.model.gaps[row.lane]) drawGap(ctx, row, gap);
    if (!row.folded) strip(ctx, row);
    if (!row.folded) operations(ctx, row);
  }
};

function drawGap(ctx, row, gap) {
  const a = st.cx(row.lane, gap.begin), b = st.cx(row.lane, mc.until(gap)), tall = row.tall * 0.62;
  if (b - a < 0.5) return;
  ctx.fillStyle = mc.colour("paper");
  ctx.fillRect(a, row.y - tall / 2, b - a, tall);
  if (gap.kind === "paused") {
    ctx.fillStyle = mc.colour("fault", "pause");
    ctx.globalAlpha = 0.25;
    ctx.fillRect(a, row.y - tall / 2, b - a, tall);
    ctx.globalAlpha = 1;
  } else {
    st.hatch(ctx, a, row.y - tall / 2, b - a, tall, mc.colour("muted"), 0.7);
  }
  const words = gap.kind === "paused" ? "❚❚ paused" : `✖ down${gap.reason ? `: ${gap.reason}` : ""}`;
  const wide = ctx.measureText(words).width;
  if (b - a > wide + 24 && !row.folded) {
    ctx.fillStyle = mc.colour("paper");
    ctx.fillRect(a + 6, row.y - 8, wide + 8, 16);
    st.fit(ctx, words, a + 10, row.y, b - a, mc.colour("ink"));
  }
}

/** The key whose values colour a lane: what names a rule over others, else what changes least. */
st.stripKey = function (lane) {
  const chosenKeys = (mc.model.stripKeys ||= []);
  if (chosenKeys[lane] !== undefined) return chosenKeys[lane];
  const { states } = mc.data, count = new Map();
  for (const row of mc.model.states[lane]) count.set(states.key[row], (count.get(states.key[row]) || 0) + 1);
  const ranked = [...count].sort((one, two) => rank(one) - rank(two));
  return (chosenKeys[lane] = ranked.length ? ranked[0][0] : -1);
};
const rank = ([key, changes]) => {
  const found = STRIP.exec(mc.text(key));
  return found ? STRIP.source.indexOf(found[1]) : 1000 + changes;
};

function strip(ctx, row) {
  const { states } = mc.data, lane = row.lane, key = st.stripKey(lane);
  if (key < 0) return;
  const terms = mc.model.states[lane].filter((at) => TERM.test(mc.text(states.key[at])));
  const changes = mc.model.states[lane].filter((at) => states.key[at] === key);
  let term = -1;
  const edges = [...new Set([...terms, ...changes])].sort((one, two) => one - two);
  let value = -1, begin = 0;
  const put = (end) => {
    if (value < 0) return;
    const a = st.cx(lane, begin), b = st.cx(lane, end);
    if (b - a < 0.4) return;
    const text = mc.text(value), lead = /leader|primary|open|true/.test(text);
    ctx.fillStyle = tint(term >= 0 ? mc.text(term) : text);
    ctx.globalAlpha = lead || term < 0 ? 0.85 : 0.4;
    ctx.fillRect(a, row.y + row.tall / 2 - 7, b - a, lead ? 6 : 4);
    ctx.globalAlpha = 1;
    const words = `${/^(role|state|status|mode)$/.test(mc.text(key)) ? "" : mc.text(key)} ${text}${term >= 0 && !TERM.test(mc.text(key)) ? ` · term ${mc.text(term)}` : ""}`.trim();
    if (row.tall >= 44 && b - a > ctx.measureText(words).width + 8) {
      ctx.font = "10px system-ui, sans-serif";
      st.fit(ctx, words, a + 3, row.y + row.tall / 2 - 14, b - a - 4, mc.colour("muted"));
      st.taken.push([a, row.y + row.tall / 2 - 20, a + ctx.measureText(words).width + 4, row.y + row.tall / 2 - 8]);
      ctx.font = mc.FONT;
    }
  };
  for (const at of edges) {
    put(states.t[at]);
    if (states.key[at] === key) value = states.value[at];
    if (TERM.test(mc.text(states.key[at]))) term = states.value[at];
    begin = states.t[at];
  }
  put(mc.data.end);
}

const tints = new Map();
/** The same word has the same hue in every lane: two leaders of one term are seen at once. */
function tint(text) {
  if (!tints.has(text)) tints.set(text, tints.size);
  return mc.colour("hue", tints.get(text));
}

st.opEnd = (op) => (mc.data.operations.took[op] < 0 ? mc.data.end : mc.data.operations.start[op] + mc.data.operations.took[op]);

/** A client's operations: bars while they can be told apart, else the worst outcome of each pixel. */
function operations(ctx, row) {
  const { start, outcome } = mc.data.operations, rows = mc.model.operations[row.lane], [a, b] = mc.range();
  const seen = [];
  for (const op of rows) if (start[op] <= b && st.opEnd(op) >= a) seen.push(op);
  if (seen.length * 11 > st.right - st.left) return ribbon(ctx, row, seen);
  for (const op of seen) {
    const x0 = st.cx(row.lane, start[op]), x1 = Math.max(x0 + 2, st.cx(row.lane, st.opEnd(op)));
    const what = mc.outcome(outcome[op]), bad = mc.model.violated[op];
    ctx.fillStyle = ctx.strokeStyle = mc.colour(what);
    ctx.globalAlpha = st.dim(op) ? 0.16 : 0.42;
    ctx.fillRect(x0, row.y - 5, x1 - x0, 10);
    ctx.globalAlpha = st.dim(op) ? 0.3 : 1;
    if (bad) flag(ctx, row, x0, x1);
    ctx.fillStyle = ctx.strokeStyle = mc.colour(what);
    if (mc.data.operations.took[op] >= 0 && x1 < st.right) mc.mark(ctx, what, x1, row.y, 9);
    ctx.globalAlpha = 1;
    const room = Math.max(x1 - x0 - 2, bad ? 120 : 0), words = mc.operationWords(op);
    if (row.tall < 30 || !st.fit(ctx, words, x0 + 1, row.y - 12, room, mc.colour(bad ? "bad" : "ink"))) continue;
    st.taken.push([x0, row.y - 19, x0 + Math.min(room, ctx.measureText(words).width), row.y - 5]);
  }
}

function flag(ctx, row, x0, x1) {
  ctx.strokeStyle = ctx.fillStyle = mc.colour("bad");
  ctx.lineWidth = 2;
  ctx.strokeRect(x0 - 1.5, row.y - 7, x1 - x0 + 3, 14);
  ctx.fillRect(x0 - 1.5, row.y - row.tall * 0.42, 2, row.tall * 0.42);
  ctx.beginPath();
  ctx.moveTo(x0, row.y - row.tall * 0.44);
  ctx.lineTo(x0 + 8, row.y - row.tall * 0.44 + 4);
  ctx.lineTo(x0, row.y - row.tall * 0.44 + 8);
  ctx.fill();
}

function ribbon(ctx, row, seen) {
  const wide = Math.ceil(st.right - st.left), worst = new Uint8Array(wide + 1);
  const order = [1, 3, 2]; // ok, fail, unknown: what went wrong wins, a refusal over a doubt
  for (const op of seen) {
    const a = Math.floor(st.cx(row.lane, mc.data.operations.start[op]) - st.left);
    const b = Math.floor(st.cx(row.lane, st.opEnd(op)) - st.left), level = order[mc.data.operations.outcome[op]] || 2;
    for (let x = a; x <= b && x <= wide; x++) if (worst[x] < level) worst[x] = level;
  }
  ctx.globalAlpha = 0.9;
  for (let x = 0, from = 0; x <= wide; x++) {
    if (x < wide && worst[x + 1] === worst[x]) continue;
    ctx.fillStyle = mc.colour(["grid", "ok", "unknown", "fail"][worst[x]]);
    // Height as well as hue: a refusal stands out in grey too.
    const tall = [0, 8, 10, 13][worst[x]];
    if (tall) ctx.fillRect(st.left + from, row.y - tall / 2, Math.max(1.5, x + 1 - from), tall);
    from = x + 1;
  }
  ctx.globalAlpha = 1;
  for (const op of seen) if (mc.model.violated[op]) flag(ctx, row, st.cx(row.lane, mc.data.operations.start[op]), Math.max(4 + st.cx(row.lane, mc.data.operations.start[op]), st.cx(row.lane, st.opEnd(op))));
}
