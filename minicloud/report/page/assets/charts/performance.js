// Owns figures over time: latency, its quantiles, rate by outcome, availability; faults lie behind all.

const { choose, clipped, gridLine, hatch, legend, logGrid, logScale, pointing, steps, title } = mc.charts;

const AXIS = 20;
const QUANTILES = [["p50_ms", "p50", []], ["p90_ms", "p90", [5, 2]], ["p99_ms", "p99", [2, 2]], ["max_ms", "max", [1, 4]]];
// Points closer than this many pixels are one point.
const CELL = 3;

/** Latency in milliseconds of each operation that returned, and the scale that holds all of them. */
function latencies() {
  const o = mc.data.operations, ms = new Float64Array(o.length);
  let low = Infinity, high = 0;
  for (let op = 0; op < o.length; op++) {
    ms[op] = o.took[op] < 0 ? -1 : Math.max(o.took[op] / 1e6, 1e-6);
    if (o.took[op] <= 0) continue;
    low = Math.min(low, ms[op]);
    high = Math.max(high, ms[op]);
  }
  return { ms, low: low === Infinity ? 0.1 : low, high: high || 1 };
}

mc.section("performance", function (parent) {
  const figures = mc.data.figures || {}, names = Object.keys(figures.functions || {});
  if (!mc.data.operations.length || !names.length) {
    parent.append(mc.el("p", null, "No operation was recorded, so there is nothing to measure."));
    return;
  }
  const view = { f: "", names, all: latencies() };
  const tools = mc.el("div", { class: "tools" }), frame = mc.el("div", { class: "frame" });
  parent.append(tools, frame);
  const canvases = [points(frame, view), quantiles(frame, view), rates(frame, view), availability(frame)];
  outages(parent);
  choose(tools, "function", names.length > 1 ? [["", "all"], ...names.map((f) => [f, f])] : [], (f) => {
    view.f = f;
    canvases[1].setHeight(tallness(view));
    for (const canvas of canvases) canvas.redraw();
  });
  legend(tools, [["ok", "ok"], ["unknown", "unknown"], ["fail", "fail"]]);
  buckets(parent, figures, names);
  const low = mc.el("div", { class: "cols" });
  parent.append(low);
  mc.charts.spectrum(low, figures);
  mc.charts.perOperation(low, figures);
});

const chosen = (view) => (view.f ? [view.f] : view.names.slice(0, 4));

function points(parent, view) {
  const o = mc.data.operations, { ms, low, high } = view.all;
  const scale = (height) => logScale(low, high, 20, height - AXIS - 4);
  const wanted = (op) => ms[op] >= 0 && (!view.f || mc.text(o.f[op]) === view.f);
  const at = (x, y) => {
    const width = canvas.clientWidth, { y: yOf } = scale(190);
    let best = -1, near = 100;
    const last = mc.lower(o.start, mc.t(x + 7, width));
    for (let op = mc.lower(o.start, mc.t(x - 7, width)), n = 0; op < last && n < 5000; op++, n++) {
      const away = (mc.x(o.start[op], width) - x) ** 2 + (yOf(ms[op]) - y) ** 2;
      if (!wanted(op) || away >= near) continue;
      best = op;
      near = away;
    }
    return best;
  };
  const canvas = mc.canvas(parent, 190, (ctx, width, height) => {
    const bottom = height - AXIS;
    mc.bands(ctx, width, bottom);
    logGrid(ctx, scale(height), width);
    mc.axis(ctx, width, bottom);
    title(ctx, "latency of each operation");
    clipped(ctx, width, bottom, () => scatter(ctx, width, scale(height).y, ms, wanted));
    mc.cursorLine(ctx, width, bottom);
  }, {
    label: "Latency of each operation over time, on a logarithmic scale",
    ...pointing(at),
  });
  return canvas;
}

/** What is rare is drawn last, on top; and no two marks of one outcome in one cell of a grid. */
function scatter(ctx, width, y, ms, wanted) {
  const o = mc.data.operations, [t0, t1] = mc.range();
  const first = mc.lower(o.start, t0), last = mc.lower(o.start, t1 + 1), many = last - first > 3000;
  const across = Math.ceil(width / CELL), taken = new Uint8Array(across * 100);
  const x0 = mc.x(0, width), each = (mc.x(mc.data.end, width) - x0) / mc.data.end;
  for (const outcome of [0, 2, 1]) {
    const name = mc.outcome(outcome), bit = 1 << outcome;
    ctx.fillStyle = ctx.strokeStyle = mc.colour(name);
    ctx.globalAlpha = outcome === 0 ? 0.6 : 0.9;
    for (let op = first; op < last; op++) {
      if (o.outcome[op] !== outcome || !wanted(op)) continue;
      const x = x0 + each * o.start[op], at = y(ms[op]);
      const cell = Math.round(at / CELL) * across + Math.round(x / CELL);
      if (taken[cell] & bit) continue;
      taken[cell] |= bit;
      if (many && outcome === 0) ctx.fillRect(x - 1.5, at - 1.5, 3, 3);
      else mc.mark(ctx, name, x, at, outcome === 0 ? 6 : many ? 6 : 8);
    }
  }
  ctx.globalAlpha = 1;
}

const PANEL = 96;
const tallness = (view) => PANEL * chosen(view).length + AXIS;

function quantiles(parent, view) {
  return mc.canvas(parent, tallness(view), (ctx, width, height) => {
    const { functions } = mc.data.figures, bottom = height - AXIS;
    mc.bands(ctx, width, bottom);
    mc.axis(ctx, width, bottom);
    const values = chosen(view).flatMap((f) => QUANTILES.flatMap(([name]) => functions[f][name])).filter((ms) => ms > 0);
    const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [1, 10];
    chosen(view).forEach((f, i) => {
      const top = i * PANEL, scale = logScale(low, high, top + 22, top + PANEL - 8);
      logGrid(ctx, scale, width);
      ctx.save();
      ctx.translate(0, top);
      title(ctx, `quantiles of ${f}:`);
      ctx.restore();
      key(ctx, top + 9, mc.MARGIN + 22 + ctx.measureText(`quantiles of ${f}:`).width);
      clipped(ctx, width, bottom, () => {
        for (const [name, , dash] of QUANTILES) {
          pen(ctx, dash);
          steps(ctx, functions[f][name], width, scale.y);
        }
      });
      ctx.setLineDash([]);
    });
    mc.cursorLine(ctx, width, bottom);
  }, { label: `Quantiles of latency over time of ${view.names.join(", ")}` });
}

function pen(ctx, dash) {
  ctx.strokeStyle = mc.colour("ok");
  ctx.lineWidth = dash.length ? 1.5 : 2;
  ctx.setLineDash(dash);
}

function key(ctx, y, x) {
  ctx.textBaseline = "middle";
  QUANTILES.forEach(([, name, dash], i) => {
    pen(ctx, dash);
    ctx.beginPath();
    ctx.moveTo(x + i * 56, y);
    ctx.lineTo(x + i * 56 + 20, y);
    ctx.stroke();
    ctx.fillText(name, x + i * 56 + 24, y);
  });
  ctx.setLineDash([]);
}

function rates(parent, view) {
  return mc.canvas(parent, 120, (ctx, width, height) => {
    const { functions, t, bucket_ns: bucket } = mc.data.figures, bottom = height - AXIS;
    const sum = (name, i) => chosen(view).reduce((all, f) => all + (functions[f][name][i] || 0), 0);
    const stacks = Array.from(t, (_, i) => ["rate_ok", "rate_unknown", "rate_fail"].map((name) => sum(name, i)));
    const high = Math.max(1e-9, ...stacks.map((one) => one[0] + one[1] + one[2])) * 1.05;
    const y = (value) => bottom - (value / high) * (bottom - 20);
    mc.bands(ctx, width, bottom);
    for (const value of mc.ticks(0, high, bottom - 20, 30).found) gridLine(ctx, y(value), `${value} /s`, width);
    mc.axis(ctx, width, bottom);
    title(ctx, "operations per second: ok, unknown (striped), fail (crossed)");
    clipped(ctx, width, bottom, () => stacks.forEach((one, i) => {
      const x = mc.x(t[i], width), wide = mc.x(t[i] + bucket, width) - x;
      let from = 0;
      ["ok", "unknown", "fail"].forEach((outcome, place) => {
        ctx.fillStyle = hatch(ctx, outcome);
        ctx.fillRect(x + 0.5, y(from + one[place]), Math.max(1, wide - 1), y(from) - y(from + one[place]));
        from += one[place];
      });
    }));
    mc.cursorLine(ctx, width, bottom);
  }, { label: "Operations per second, by outcome, over time" });
}

function availability(parent) {
  return mc.canvas(parent, 90, (ctx, width, height) => {
    const { availability: part, unavailable } = mc.data.figures, bottom = height - AXIS;
    const y = (value) => bottom - 4 - value * (bottom - 26);
    mc.bands(ctx, width, bottom);
    for (const value of [0, 0.5, 1]) gridLine(ctx, y(value), `${value * 100} %`, width);
    mc.axis(ctx, width, bottom);
    title(ctx, "availability: the part of operations that ended ok");
    clipped(ctx, width, bottom, () => {
      unavailable.forEach((one, i) => outage(ctx, one, width, bottom, i));
      ctx.strokeStyle = mc.colour("ok");
      ctx.lineWidth = 2;
      steps(ctx, part, width, y);
    });
    mc.cursorLine(ctx, width, bottom);
  }, { label: "Part of operations that ended ok, over time" });
}

/** A foot and a name; a tint over all only where nobody had an answer. */
function outage(ctx, one, width, bottom, i) {
  const x0 = mc.x(one.begin, width), x1 = mc.x(one.end ?? mc.data.end, width);
  ctx.fillStyle = mc.colour("bad");
  ctx.globalAlpha = one.client ? 0 : 0.12;
  ctx.fillRect(x0, 18, x1 - x0, bottom - 18);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, bottom - 3 - (one.client ? 4 * (i % 4) : 0), x1 - x0, 3);
  const text = `${one.service || "nobody"}${one.client ? ` to ${one.client}` : ""}: ${mc.ms((one.end ?? mc.data.end) - one.begin)}`;
  ctx.textBaseline = "bottom";
  if (!i && ctx.measureText(text).width < x1 - x0 - 8) ctx.fillText(text, Math.max(x0, mc.MARGIN) + 4, bottom - 5);
}

/** The windows of unavailability as sentences; each is a way into the picture. */
function outages(parent) {
  const found = mc.data.figures.unavailable || [];
  if (!found.length) {
    parent.append(mc.el("p", { class: "muted" }, "No service was unavailable for long enough to be told."));
    return;
  }
  parent.append(mc.el("ul", { class: "outages" }, found.map((one) => {
    const end = one.end ?? mc.data.end;
    const until = one.end === null ? "to the end of the run" : `to ${mc.when(end, 3)}`;
    return mc.el("li", null, mc.el("b", null, one.service || "The cloud"), one.client ? [" was unavailable to ", mc.el("b", null, one.client)] : " was unavailable",
      " for ", mc.el("b", null, mc.ms(end - one.begin)), ` (${mc.when(one.begin, 3)} ${until})`,
      one.after ? ` after ${one.after}` : "",
      one.why ? `: ${one.why} ` : ". ",
      mc.button("show", "Show this window in all pictures", () => {
        mc.setCursor(one.begin);
        mc.focusOn(one.begin, end);
      }, { class: "small" }));
  })));
}

function buckets(parent, { functions, t, availability: part }, names) {
  const rows = names.flatMap((f) => Array.from(t, (from, i) => [f, i, from]));
  const number = (value) => (value === null || value === undefined ? "" : Number(value.toPrecision(3)));
  mc.table(parent, {
    caption: "Figures of each bucket of time as a table",
    columns: ["function", "from", "p50 ms", "p90 ms", "p99 ms", "max ms", "ok /s", "fail /s", "unknown /s", "available"],
    rows: {
      length: rows.length,
      at(row) {
        const [f, i, from] = rows[row], of = functions[f];
        return [f, mc.when(from, 3), ...["p50_ms", "p90_ms", "p99_ms", "max_ms", "rate_ok", "rate_fail", "rate_unknown"]
          .map((name) => number(of[name][i])), part[i] === null ? "" : `${Math.round(part[i] * 1000) / 10} %`];
      },
    },
    onRow: (row) => mc.setCursor(rows[row][2]),
  });
}
