// Owns how a row of operations looks: single bars where there is room, a texture where there is not.

const { endOf, label } = mc.charts;

// Bars narrower than this are merged into runs: no more marks than pixels are ever drawn.
const NARROW = 5;
const APART = 10;
// Of a row's height. Where no mark fits, outcomes differ in height as well as in colour.
const TALL = [0.46, 0.9, 0.68];
const BAR = 0.74;

function drawRow(ctx, row, y, tall, width) {
  const [t0, t1] = mc.range(), o = mc.data.operations, right = width - mc.RIGHT;
  const singles = [], runs = [];
  // Once a row, not once an operation: this is the hottest loop of the page.
  const zero = mc.x(0, width), each = (mc.x(mc.data.end, width) - zero) / mc.data.end;
  let run = null;
  const last = mc.lower(row.starts, t1 + 1);
  for (let i = mc.lower(row.ends, t0); i < last; i++) {
    const x0 = zero + each * row.starts[i], x1 = zero + each * row.ends[i];
    const outcome = o.outcome[row.ops[i]];
    const next = i + 1 < row.ops.length ? zero + each * row.starts[i + 1] : right;
    if (x1 - x0 >= NARROW || mc.model.violated[row.ops[i]] || (next - x0 >= APART && (!run || x0 - run[1] >= APART / 2))) {
      singles.push([row.ops[i], x0, x1, next]);
      run = null;
    } else if (run && x0 <= run[1] + 0.5 && (outcome === run[2] || x1 - run[0] < 1.5)) {
      run[1] = Math.max(run[1], x1, run[0] + 1);
      run[2] = outcome || run[2];
    } else {
      runs.push(run = [x0, Math.max(x1, x0 + 1), outcome]);
    }
  }
  doubt(ctx, row, y, tall, width);
  fillRuns(ctx, runs, y, tall);
  for (const single of singles) drawSingle(ctx, single, y, tall, right);
}

function fillRuns(ctx, runs, y, tall) {
  for (let outcome = 0; outcome < 3; outcome++) {
    const height = Math.max(2, tall * TALL[outcome]), top = y + (tall - height) / 2;
    ctx.fillStyle = mc.colour(mc.outcome(outcome));
    ctx.beginPath();
    for (const [x0, x1, of] of runs) if (of === outcome) ctx.rect(x0, top, x1 - x0, height);
    ctx.fill();
  }
}

/** What is unknown may still take effect: a thin line runs on from the first of it to the end. */
function doubt(ctx, row, y, tall, width) {
  if (row.doubt < 0) return;
  const from = Math.max(mc.x(row.doubt, width), mc.MARGIN), to = mc.x(mc.data.end, width);
  if (to > from) fade(ctx, from, to, y + tall - 2, 1.5, 0.8, 0.25);
}

/** A bar in the colour of doubt that pales in steps, from one opacity to another. */
function fade(ctx, from, to, y, height, strong, weak) {
  const steps = 12, each = (to - from) / steps;
  ctx.fillStyle = mc.colour("unknown");
  for (let i = 0; i < steps; i++) {
    ctx.globalAlpha = strong + ((weak - strong) * i) / (steps - 1);
    ctx.fillRect(from + each * i, y, each, height);
  }
  ctx.globalAlpha = 1;
}

function drawSingle(ctx, [op, x0, x1, next], y, tall, right) {
  const outcome = mc.outcome(mc.data.operations.outcome[op]);
  const wide = Math.max(x1 - x0, 1.5), high = tall * BAR, top = y + (tall - high) / 2;
  ctx.fillStyle = ctx.strokeStyle = mc.colour(outcome);
  ctx.globalAlpha = 0.2;
  ctx.fillRect(x0, top, wide, high);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, top, 1.5, high);
  ctx.fillRect(x0, top + high - 1, wide, 1);
  if (outcome === "unknown") {
    fade(ctx, x1, Math.max(x1, Math.min(next - 2, x1 + 60)), top, high, 0.2, 0.01);
    ctx.fillStyle = mc.colour(outcome);
  }
  mc.mark(ctx, outcome, x1, y + tall / 2, Math.min(9, tall * 0.46));
  if (mc.model.violated[op]) ring(ctx, x0, top, wide, high);
  if (tall >= 12) say(ctx, label(op), x0, x1, next, y + tall / 2, right);
}

/** A label inside its bar, or behind it, or not at all. */
function say(ctx, text, x0, x1, next, y, right) {
  const from = Math.max(x0, mc.MARGIN) + 5, room = Math.max(Math.min(next - 4, right) - x1, x1 - from) - 10;
  if (room < 18) return;
  const long = measured(ctx, text), inside = from + long < Math.min(x1, right) - 7;
  if (!inside && x1 + 9 + long > Math.min(next - 4, right)) return;
  ctx.fillStyle = mc.colour("ink");
  ctx.fillText(text, inside ? from : x1 + 9, y);
}

const widths = new Map();
function measured(ctx, text) {
  if (!widths.has(text)) widths.set(text, ctx.measureText(text).width);
  return widths.get(text);
}

function ring(ctx, x, y, width, height) {
  ctx.strokeStyle = mc.colour("bad");
  ctx.lineWidth = 2;
  ctx.strokeRect(x - 2, y - 1, width + 4, height + 2);
}

function drawChosen(ctx, op, y, tall, width) {
  const x0 = mc.x(mc.data.operations.start[op], width);
  ctx.strokeStyle = mc.colour("ink");
  ctx.lineWidth = 2;
  ctx.strokeRect(x0 - 3, y + 1, Math.max(mc.x(endOf(op), width) - x0, 2) + 6, tall - 2);
}

Object.assign(mc.charts, { drawRow, drawChosen });
