// Owns the logarithmic y of latencies, steps of buckets, and the hatching that tells areas apart.

/** A decade grid from `low` to `high` milliseconds between two heights of a canvas. */
function logScale(low, high, top, bottom) {
  const from = Math.log10(Math.max(1e-6, low)) - 0.08, to = Math.log10(Math.max(low * 1.01, high)) + 0.08;
  const y = (ms) => bottom - ((Math.log10(Math.max(1e-6, ms)) - from) / (to - from)) * (bottom - top);
  return { y, from, to };
}

/** Which digits of a decade get a line: the fewer the decades (powers of ten), the more. */
const digits = (decades) => (decades < 0.7 ? [1, 1.5, 2, 3, 4, 6, 8] : decades < 1.7 ? [1, 2, 5] : [1]);

/** Names of latencies at 1, 10, 100…, and between them where the range is small. */
function logGrid(ctx, scale, width) {
  const steps = digits(scale.to - scale.from);
  ctx.textBaseline = "middle";
  for (let power = Math.floor(scale.from); power <= scale.to; power++) {
    for (const step of steps) {
      const ms = step * 10 ** power, at = Math.log10(ms);
      if (at >= scale.from && at <= scale.to) gridLine(ctx, scale.y(ms), mc.ms(ms * 1e6), width);
    }
  }
}

function gridLine(ctx, y, text, width) {
  ctx.fillStyle = mc.colour("grid");
  ctx.fillRect(mc.MARGIN, Math.round(y), width - mc.MARGIN - mc.RIGHT, 1);
  ctx.fillStyle = mc.colour("muted");
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  ctx.fillText(text, mc.MARGIN - 8, y);
  ctx.textAlign = "left";
}

/** What a chart is about, in its upper left corner. */
function title(ctx, text) {
  ctx.fillStyle = mc.colour("muted");
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillText(text, mc.MARGIN + 12, 3);
}

/** Runs `paint` where only what lies between the margins is touched. */
function clipped(ctx, width, height, paint) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(mc.MARGIN, 0, width - mc.MARGIN - mc.RIGHT, height);
  ctx.clip();
  paint();
  ctx.restore();
}

/** A line of steps, one a bucket; a bucket of which nothing is known leaves a gap. */
function steps(ctx, values, width, y) {
  const { t, bucket_ns: bucket } = mc.data.figures, [t0, t1] = mc.range();
  let on = false;
  ctx.beginPath();
  for (let i = Math.max(0, mc.lower(t, t0 - bucket)); i < t.length && t[i] <= t1; i++) {
    if (values[i] === null || values[i] === undefined) {
      on = false;
      continue;
    }
    const x0 = mc.x(t[i], width), x1 = mc.x(Math.min(t[i] + bucket, mc.data.end), width), at = y(values[i]);
    if (on) ctx.lineTo(x0, at);
    else ctx.moveTo(x0, at);
    ctx.lineTo(x1, at);
    on = true;
  }
  ctx.stroke();
}

const hatches = new Map();
/** A fill of stripes, so that an area is told by more than its colour. */
function hatch(ctx, outcome) {
  const colour = mc.colour(outcome);
  if (outcome === "ok") return colour;
  const name = outcome + colour;
  if (!hatches.has(name)) {
    const tile = document.createElement("canvas"), on = tile.getContext("2d");
    tile.width = tile.height = 6;
    on.fillStyle = on.strokeStyle = colour;
    on.globalAlpha = 0.35;
    on.fillRect(0, 0, 6, 6);
    on.globalAlpha = 1;
    on.lineWidth = 1.5;
    on.beginPath();
    for (const by of outcome === "fail" ? [-6, 0, 6] : []) { on.moveTo(by, 6); on.lineTo(by + 6, 0); }
    for (const by of [-6, 0, 6]) { on.moveTo(by, 0); on.lineTo(by + 6, 6); }
    on.stroke();
    hatches.set(name, ctx.createPattern(tile, "repeat"));
  }
  return hatches.get(name);
}

Object.assign(mc.charts, { digits, logScale, logGrid, gridLine, title, clipped, steps, hatch });
