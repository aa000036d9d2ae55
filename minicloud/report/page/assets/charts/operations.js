// Owns the Gantt of operations: a row for each client, the violating windows, filters and the table.

const { choose, clientOf, drawChosen, drawRow, endOf, jump, label, legend, nearest, pointing, rowsOf } = mc.charts;

const AXIS = 22;
const TOP = 20;
const COLUMNS = ["service", "f", "key", "outcome"];

/** The violating windows: from the first to begin to the last to return of the evidence. */
function violations() {
  const o = mc.data.operations;
  return mc.data.checks.filter((check) => check.evidence.length).map((check) => {
    const known = check.evidence.filter((op) => o.outcome[op] === 0);
    const begin = Math.min(...check.evidence.map((op) => o.start[op]));
    return { name: check.name, begin, end: Math.max(begin, ...known.map(endOf)) };
  });
}

/** A tint over all rows, on top a bracket and the name from `free` on; returns where that ends. */
function drawViolation(ctx, one, number, width, bottom, free) {
  const x0 = Math.max(mc.x(one.begin, width), mc.MARGIN);
  const x1 = Math.max(Math.min(mc.x(one.end, width), width), x0 + 2);
  if (x0 > width || mc.x(one.end, width) < mc.MARGIN) return free;
  ctx.fillStyle = mc.colour("bad");
  ctx.globalAlpha = 0.09;
  ctx.fillRect(x0, TOP, x1 - x0, bottom - TOP);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, TOP - 3, x1 - x0, 3);
  const text = `✖ ${number} ${one.name}`, from = Math.max(free, x0);
  ctx.fillText(text, from, TOP - 11);
  return from + ctx.measureText(text).width + 12;
}

function laneNames(ctx, rows, each, width) {
  ctx.textAlign = "right";
  rows.forEach((row, i) => {
    if (!row.first) return;
    ctx.fillStyle = mc.colour("grid");
    ctx.fillRect(0, TOP + i * each, width - mc.RIGHT, 1);
    ctx.fillStyle = mc.colour("ink");
    ctx.fillText(mc.data.lanes[row.lane].name, mc.MARGIN - 8, TOP + (i + 0.5) * each, mc.MARGIN - 14);
  });
  ctx.textAlign = "left";
}

mc.section("operations", function (parent) {
  const total = mc.data.operations.length;
  if (!total) {
    parent.append(mc.el("p", null, "No client recorded an operation in this run."));
    return;
  }
  const everything = Array.from({ length: total }, (_, op) => op);
  const view = { shown: everything, rows: rowsOf(everything), found: violations(), each: 24 };
  const tools = mc.el("div", { class: "tools" }), holder = mc.el("div", { class: "frame tall" });
  const said = mc.el("span", { class: "muted", role: "status" });
  parent.append(tools, holder);
  const canvas = picture(holder, view);
  legend(parent, [["ok", "ok"], ["unknown: may still take effect, up to the end", "unknown"], ["fail", "fail"],
    ...(view.found.length ? [["violating window", "bad"]] : [])]);
  const twin = mc.table(parent, {
    caption: "Operations as a table", rows: [],
    columns: ["operation", "client", "service", "what", "outcome", "began", "took", "messages"],
    onRow: (i) => jump(view.shown[i]),
  });
  const refresh = (shown) => {
    view.shown = shown;
    view.rows = rowsOf(shown);
    view.each = Math.max(10, Math.min(24, Math.floor(480 / Math.max(1, view.rows.length))));
    canvas.setHeight(TOP + Math.max(1, view.rows.length) * view.each + AXIS);
    said.textContent = shown.length === total ? mc.count(total, "operation")
      : `${mc.count(shown.length, "operation")} of ${total.toLocaleString("en-US")}`;
    twin.show({ length: shown.length, at: (i) => line(shown[i]) });
  };
  filters(tools, everything, refresh);
  view.found.forEach((one, i) => tools.append(mc.button(`violation ${i + 1}`, `Show the window of ${one.name}`,
    () => mc.focusOn(one.begin, one.end), { class: "small" })));
  tools.append(said);
  refresh(everything);
});

function picture(holder, view) {
  const at = (x, y) => {
    const width = canvas.clientWidth, row = view.rows[Math.floor((y - TOP) / view.each)];
    return row && x >= mc.MARGIN ? nearest(row, mc.t(x, width), mc.t(x + 6, width) - mc.t(x, width)) : -1;
  };
  const canvas = mc.canvas(holder, 200, (ctx, width, height) => draw(ctx, width, height, view), {
    label: `${mc.count(view.shown.length, "operation")} of ${view.rows.length} clients over time`,
    ...pointing(at),
  });
  return canvas;
}

function draw(ctx, width, height, { rows, found, each }) {
  const bottom = height - AXIS, chosen = mc.selection().operation;
  mc.bands(ctx, width, bottom);
  mc.axis(ctx, width, bottom);
  ctx.textBaseline = "middle";
  laneNames(ctx, rows, each, width);
  ctx.save();
  ctx.beginPath();
  ctx.rect(mc.MARGIN, 0, width - mc.MARGIN - mc.RIGHT, bottom);
  ctx.clip();
  found.reduce((free, one, i) => drawViolation(ctx, one, i + 1, width, bottom, free), 0);
  rows.forEach((row, i) => {
    drawRow(ctx, row, TOP + i * each, each, width);
    if (chosen !== undefined && row.lane === mc.data.operations.lane[chosen] && row.ops.includes(chosen)) {
      drawChosen(ctx, chosen, TOP + i * each, each, width);
    }
  });
  ctx.restore();
  mc.cursorLine(ctx, width, bottom);
}

function filters(tools, everything, refresh) {
  const o = mc.data.operations, wanted = {};
  const words = (column, value) => (column === "outcome" ? mc.outcome(value) : mc.text(value) || "none");
  for (const column of COLUMNS) {
    const values = [...new Set(o[column])];
    const options = values.length > 1 ? values.map((value) => [value, words(column, value)]) : [];
    choose(tools, column === "f" ? "function" : column, [["", "all"], ...options], (value) => {
      wanted[column] = value;
      refresh(everything.filter((op) =>
        COLUMNS.every((name) => !wanted[name] || o[name][op] === Number(wanted[name]))));
    });
  }
}

function line(op) {
  const o = mc.data.operations;
  return [mc.text(o.name[op]), clientOf(op), mc.text(o.service[op]), label(op), mc.outcome(o.outcome[op]),
    mc.when(o.start[op]), o.took[op] < 0 ? "never" : mc.ms(o.took[op]), o.messages[op]];
}
