// Owns the section of the space-time diagram: the order of its layers, its legend, its buttons, its table.

const { st } = mc;

mc.section("spacetime", (parent) => {
  const told = mc.el("span", { class: "muted told" });
  const frame = mc.el("div", { class: "frame" });
  const split = mc.data.faults.filter((fault) => (fault.groups || []).length > 1);
  // One partition for all is the story of the run, so its sides lie together from the start.
  mc.opts.sides = split.length === 1 && split[0].groups.flat().length >= 4;
  st.light();
  st.lay();
  parent.append(mc.el("div", { class: "tools" }, buttons(), told), legend(), frame);
  const canvas = mc.canvas(frame, st.height, (ctx, width) => {
    st.paint(ctx, width);
    const words = telling();
    if (told.textContent !== words) told.textContent = words; // even the same words would cost a layout
  }, { axis: st.axis, onMove: st.onMove, onClick: st.onClick,
    label: `Space-time diagram of ${mc.count(mc.data.lanes.length, "lane")} and ${mc.count(mc.data.events.length, "event")}; its events are in the table below` });
  const again = () => { st.light(); st.lay(); if (canvas.height_() !== st.height) canvas.setHeight(st.height); };
  mc.on("view", () => { again(); canvas.redraw(); });
  mc.on("select", () => { st.light(); canvas.redraw(); });
  mc.on("filter", () => { st.light(); canvas.redraw(); });
  let settled = 0;
  // Lanes that fold while one pans would make the picture jump.
  mc.on("range", () => { if (mc.opts.quiet) { clearTimeout(settled); settled = setTimeout(() => { again(); canvas.redraw(); }, 250); } });
  mc.on("cursor", () => { if (mc.opts.sides) again(); });
  mc.inspector(parent);
  eventTable(parent);
});

function buttons() {
  const make = (name, words, title) => {
    const button = mc.button(words, title, () => mc.toggle(name), { "aria-pressed": String(Boolean(mc.opts[name])) });
    mc.on("view", () => button.setAttribute("aria-pressed", String(Boolean(mc.opts[name]))));
    return button;
  };
  const sides = mc.data.faults.some((fault) => fault.groups && fault.groups.length > 1);
  return mc.el("span", { class: "group" },
    make("logical", "logical time", "Lamport's clock instead of seconds: every message moves right by a step (l)"),
    make("cone", "causal cone", "what could have led to the chosen event, and what it could have led to (c)"),
    make("quiet", "fold quiet lanes", "lanes with nothing in sight become a thin line (h); a click on a name folds one"),
    sides ? make("sides", "by side", "lanes on the same side of the partition together (g)") : null);
}

const MARKS = [["ok", "ok"], ["unknown", "unknown"], ["fail", "failed"], ["drop", "lost"]];

function legend() {
  const line = (kind) => {
    const swatch = mc.el("span", { class: "swatch", "aria-hidden": "true" });
    const button = mc.button([swatch, mc.short(kind)], `Only messages of kind ${kind}`, () => mc.toggleTerm(`kind:${kind}`), { class: "key" });
    const tint = () => { swatch.style.background = mc.colour("kind", kind); };
    mc.on("theme", tint);
    tint();
    return button;
  };
  const kinds = mc.kinds().slice(0, 8).map(line);
  if (mc.kinds().length > 8) kinds.push(mc.el("span", { class: "muted" }, `and ${mc.kinds().length - 8} more`));
  const signs = MARKS.map(([outcome, words]) => mc.el("span", { class: `sign ${outcome}` },
    mc.el("b", { "aria-hidden": "true" }, { ok: "●", unknown: "◆", fail: "✖", drop: "⤫" }[outcome]), ` ${words}`));
  return mc.el("div", { class: "legend" }, kinds, mc.el("span", { class: "gap" }), signs);
}

function telling() {
  const inSight = st.to - st.from, all = mc.data.events.length;
  const words = `${inSight.toLocaleString("en-US")} of ${mc.count(all, "recorded event")} in sight`;
  return st.dense ? `${words}, as density: zoom in to see each one` : words;
}

st.paint = function (ctx, width) {
  st.frame(width);
  st.taken = [];
  st.drawAxis(ctx);
  ctx.save();
  ctx.beginPath();
  ctx.rect(st.left - 1, 0, st.right - st.left + 2, st.bottom);
  ctx.clip();
  st.drawFaults(ctx);
  cone(ctx);
  st.drawLanes(ctx);
  st.drawTraffic(ctx);
  chain(ctx);
  chosen(ctx);
  cut(ctx);
  ctx.restore();
  names(ctx);
};

/** The past to the left of each lane's last known event, the future to the right of its first touched one. */
function cone(ctx) {
  if (!st.lit.past) return;
  for (const row of st.rows) {
    const past = st.lit.past[row.lane], future = st.lit.future[row.lane], y = row.y - row.tall / 2;
    ctx.globalAlpha = mc.dark() ? 0.16 : 0.1;
    ctx.fillStyle = mc.colour("past");
    if (past >= 0) ctx.fillRect(st.left, y, Math.max(0, st.ex(past) - st.left), row.tall);
    ctx.fillStyle = mc.colour("future");
    if (future < mc.data.events.length) {
      const x = Math.max(st.left, st.ex(future));
      ctx.fillRect(x, y, Math.max(0, st.right - x), row.tall);
    }
  }
  ctx.globalAlpha = 1;
}

/** The direct causes of the chosen event, each with its place in the chain. */
function chain(ctx) {
  const rows = st.lit.chain.filter((row) => mc.data.events.lane[row] >= 0);
  if (rows.length < 2) return;
  ctx.lineWidth = 2;
  rows.forEach((row) => {
    const y = spot(row)[1], x = st.ex(row);
    ctx.fillStyle = mc.colour("paper");
    ctx.strokeStyle = mc.colour("ink");
    ctx.beginPath();
    ctx.arc(x, y, 4, 0, 7);
    ctx.fill();
    ctx.stroke();
  });
}

function spot(row) {
  const lane = st.rows[mc.data.events.lane[row]];
  return [st.ex(row), lane ? lane.y : st.top];
}

function chosen(ctx) {
  const selection = mc.selection();
  if (st.lit.event >= 0 && mc.data.events.lane[st.lit.event] >= 0) {
    const [x, y] = spot(st.lit.event);
    ctx.strokeStyle = mc.colour("ink");
    ctx.lineWidth = 2.5;
    ctx.beginPath();
    ctx.arc(x, y, 8, 0, 7);
    ctx.stroke();
  }
  if (selection.operation !== undefined) {
    const op = selection.operation, row = st.rows[mc.data.operations.lane[op]];
    if (!row) return;
    const a = st.tx(row.lane, mc.data.operations.start[op]), b = st.tx(row.lane, st.opEnd(op));
    ctx.strokeStyle = mc.colour("ink");
    ctx.lineWidth = 1.5;
    ctx.strokeRect(a - 4, row.y - 9, Math.max(8, b - a + 8), 18);
  }
}

/** The cursor: one moment of real time. In logical time it is a cut, with its own place on each lane. */
function cut(ctx) {
  const t = mc.cursor();
  ctx.strokeStyle = mc.colour("cursor");
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  if (mc.opts.logical) {
    for (const row of [...st.rows].sort((one, two) => one.y - two.y)) {
      const x = st.tx(row.lane, t);
      ctx.lineTo(x, row.y - row.tall / 2);
      ctx.lineTo(x, row.y + row.tall / 2);
    }
  } else {
    const x = Math.round(st.tx(-1, t)) + 0.5;
    ctx.moveTo(x, 0);
    ctx.lineTo(x, st.bottom);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

function names(ctx) {
  ctx.textBaseline = "middle";
  for (const row of st.rows) {
    const lane = mc.data.lanes[row.lane], gap = mc.gapAt(row.lane, mc.cursor());
    ctx.textAlign = "right";
    ctx.font = row.folded ? "9px system-ui, sans-serif" : `${lane.kind === "client" ? 400 : 600} 12px system-ui, sans-serif`;
    ctx.fillStyle = mc.colour(row.folded || gap ? "muted" : "ink");
    const under = !row.folded && row.tall >= 32 ? gap ? gap.kind : lane.zone || "" : "";
    let name = lane.name;
    while (name.length > 3 && ctx.measureText(name).width > st.left - 30) name = `${name.slice(0, -2)}…`;
    ctx.fillText(name, st.left - 20, row.y - (under ? 6 : 0));
    if (under) {
      ctx.font = "10px system-ui, sans-serif";
      ctx.fillStyle = mc.colour(gap ? "bad" : "muted");
      ctx.fillText(under, st.left - 20, row.y + 8);
    }
    ctx.fillStyle = ctx.strokeStyle = mc.colour(gap ? (gap.kind === "paused" ? "unknown" : "bad") : "good");
    if (row.folded) continue;
    if (gap) mc.mark(ctx, gap.kind === "paused" ? "unknown" : "fail", st.left - 10, row.y, 7);
    else if (lane.kind === "client") ring(ctx, st.left - 10, row.y);
    else mc.mark(ctx, "ok", st.left - 10, row.y, 7);
  }
  ctx.font = mc.FONT;
}

function ring(ctx, x, y) {
  ctx.lineWidth = 1.4;
  ctx.beginPath();
  ctx.arc(x, y, 2.8, 0, 7);
  ctx.stroke();
}

/** Every event, or those that the search found, as rows: the way in for keyboards and screen readers. */
function eventTable(parent) {
  const { events } = mc.data;
  const rows = () => {
    const found = mc.matches && mc.matches.rows;
    return { length: found ? found.length : events.length, row: (i) => (found ? found[i] : i), at(i) {
      const row = this.row(i);
      return [events.number[row].toLocaleString("en-US"), mc.when(events.t[row], 6), mc.lane(events.lane[row]), mc.typeName(events.type[row]), mc.eventWords(row)];
    } };
  };
  let list = rows();
  const table = mc.table(parent, { caption: "Events as a table", columns: ["event", "time", "lane", "type", "what"], rows: list, onRow: (i) => mc.goTo(list.row(i)) });
  mc.on("filter", () => { list = rows(); table.show(list); });
}
