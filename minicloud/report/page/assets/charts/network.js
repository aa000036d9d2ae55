// Owns the matrix of links: a cell for each sender and receiver, shaded by how much, marked by how much was lost.

const AIR = 104;
const TILT = 46;
const DELIVERED = /^(copy: )?delivered/;
const UNDER_WAY = "under way at the end";

/** The sums of a link by what became of its messages. */
function link(one) {
  let delivered = 0, dropped = 0;
  for (const [fate, count] of Object.entries(one.fates)) {
    if (DELIVERED.test(fate)) delivered += count;
    else if (fate !== UNDER_WAY) dropped += count;
  }
  return { ...one, delivered, dropped };
}

/** What a cell shows: all sent, what was delivered, bytes, all dropped, or dropped for one reason. */
function measures(links) {
  const reasons = new Map();
  for (const one of links) {
    for (const [fate, count] of Object.entries(one.fates)) {
      if (!DELIVERED.test(fate)) reasons.set(fate, (reasons.get(fate) || 0) + count);
    }
  }
  const sorted = [...reasons].sort((one, two) => two[1] - one[1]);
  return [["sent", (one) => one.sent], ["delivered", (one) => one.delivered], ["dropped", (one) => one.dropped],
    ...sorted.map(([fate, count]) => [`⤫ ${fate} (${count})`, (one) => one.fates[fate] || 0]),
    ["bytes", (one) => one.bytes]];
}

mc.section("network", function (parent) {
  const links = mc.data.network.map(link).filter((one) => one.sent);
  if (!links.length) {
    parent.append(mc.el("p", null, "No message was sent in this run."));
    return;
  }
  const known = [...new Set(links.flatMap((one) => [one.from, one.to]))].sort((one, two) => one - two);
  const cells = new Map(links.map((one) => [`${one.from} ${one.to}`, one]));
  const all = measures(links);
  const view = { links, known, cells, name: "sent", measure: all[0][1], at: null, rooms: null };
  const tools = mc.el("div", { class: "tools" }), side = mc.el("aside", { "aria-live": "polite", "aria-label": "The chosen link" });
  const holder = mc.el("div", { class: "frame scroll" });
  parent.append(mc.el("p", null, summary(links)), tools, mc.el("div", { class: "matrix" }, holder, side));
  const canvas = matrix(holder, view, (one) => tell(side, one));
  mc.charts.choose(tools, "show", all.map(([name], i) => [i, name]), (i) => {
    [view.name, view.measure] = all[i];
    canvas.redraw();
  });
  tools.append(mc.el("span", { class: "muted" }, "Rows send, columns receive. The darker, the more; a red foot is the part that was dropped."));
  tell(side, null);
  table(parent, links, (one) => {
    view.at = [one.from, one.to];
    tell(side, one);
    canvas.redraw();
  });
});

function summary(links) {
  const sum = (column) => links.reduce((all, one) => all + one[column], 0);
  const [sent, delivered, dropped] = [sum("sent"), sum("delivered"), sum("dropped")];
  const part = ((100 * dropped) / sent).toPrecision(2);
  return `${mc.count(sent, "message")} on ${mc.count(links.length, "link")}: ${delivered.toLocaleString("en-US")} delivered, `
    + `${dropped.toLocaleString("en-US")} dropped${dropped ? ` (${Number(part)} %)` : ""}; ${mc.count(sum("bytes"), "byte")}.`;
}

function matrix(holder, view, chosen) {
  const { known, cells } = view;
  const each = Math.max(9, Math.min(44, Math.floor(620 / known.length)));
  const cell = (x, y) => {
    const from = known[Math.floor((y - AIR) / each)], to = known[Math.floor((x - AIR) / each)];
    return x >= AIR && y >= AIR && from !== undefined && to !== undefined ? [from, to] : null;
  };
  const take = (at) => {
    view.at = at;
    chosen(cells.get(at.join(" ")) || { from: at[0], to: at[1], sent: 0, bytes: 0, fates: {} });
    canvas.redraw();
  };
  const size = AIR + each * known.length + 2;
  const sheet = mc.el("div");
  sheet.style.width = `${size + TILT}px`;
  holder.append(sheet);
  const canvas = mc.canvas(sheet, size, (ctx) => draw(ctx, each, view), {
    fixed: true, on: ["theme"], label: `Messages from and to each of ${known.length} hosts; arrow keys choose a link`,
  });
  canvas.tabIndex = 0;
  canvas.addEventListener("pointermove", (event) => {
    const at = cell(event.offsetX, event.offsetY), one = at && cells.get(at.join(" "));
    mc.tip(event.clientX, event.clientY, one ? lines(one) : []);
    canvas.style.cursor = one ? "pointer" : "";
  });
  canvas.addEventListener("pointerleave", () => mc.tip());
  canvas.addEventListener("click", (event) => {
    const at = cell(event.offsetX, event.offsetY);
    if (at) take(at);
  });
  canvas.addEventListener("keydown", (event) => {
    const [down, right] = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key] || [];
    if (down === undefined) return;
    const old = view.at || [known[0], known[0]];
    const move = (lane, by) => known[Math.max(0, Math.min(known.length - 1, known.indexOf(lane) + by))];
    take(view.at ? [move(old[0], down), move(old[1], right)] : old);
    event.preventDefault();
    event.stopPropagation();
  });
  return canvas;
}

function draw(ctx, each, { known, cells, measure, name, at }) {
  const most = Math.max(1, ...[...cells.values()].map(measure)), lost = /dropped|⤫/.test(name);
  ctx.textBaseline = "middle";
  const small = Math.min(11, Math.max(7, each - 2));
  ctx.font = `${small}px system-ui, sans-serif`;
  known.forEach((lane, i) => names(ctx, mc.lane(lane), AIR + (i + 0.5) * each, at && [at[0] === lane, at[1] === lane]));
  ctx.textAlign = "center";
  known.forEach((from, row) => known.forEach((to, column) => {
    const x = AIR + column * each, y = AIR + row * each, one = cells.get(`${from} ${to}`), gap = each > 14 ? 1 : 0.5;
    const value = one ? measure(one) : 0, inner = each - 2 * gap;
    ctx.fillStyle = mc.colour("grid");
    ctx.globalAlpha = value ? 1 : 0.45;
    ctx.fillRect(x + gap, y + gap, inner, inner);
    if (value) {
      // No darker than what ink can be read on, in either theme.
      ctx.globalAlpha = 0.1 + (mc.dark() ? 0.4 : 0.6) * (Math.log1p(value) / Math.log1p(most));
      ctx.fillStyle = mc.colour(lost ? "bad" : "ok");
      ctx.fillRect(x + gap, y + gap, inner, inner);
      ctx.globalAlpha = 1;
      if (one.dropped && !lost) {
        ctx.fillStyle = mc.colour("bad");
        const wide = Math.max(2, (inner * one.dropped) / one.sent), high = Math.max(2, each * 0.1);
        ctx.fillRect(x + gap, y + each - gap - high, wide, high);
      }
      if (each >= 30) {
        ctx.fillStyle = mc.colour("ink");
        ctx.fillText(short(value), x + each / 2, y + each / 2);
      }
    }
    ctx.globalAlpha = 1;
  }));
  if (!at) return;
  ctx.strokeStyle = mc.colour("ink");
  ctx.lineWidth = 2;
  ctx.strokeRect(AIR + known.indexOf(at[1]) * each, AIR + known.indexOf(at[0]) * each, each, each);
}

/** The name of a host beside its row and, turned, above its column. */
function names(ctx, name, middle, strong) {
  const said = name.length > 16 ? `${name.slice(0, 15)}…` : name;
  ctx.fillStyle = mc.colour(strong && strong[0] ? "ink" : "muted");
  ctx.textAlign = "right";
  ctx.fillText(said, AIR - 6, middle);
  ctx.save();
  ctx.translate(middle, AIR - 6);
  ctx.rotate(-Math.PI / 3);
  ctx.textAlign = "left";
  ctx.fillStyle = mc.colour(strong && strong[1] ? "ink" : "muted");
  ctx.fillText(said, 0, 0);
  ctx.restore();
}

const short = (value) => (value < 10000 ? String(value) : `${Math.round(value / 1000)}k`);

function lines(one) {
  return [`${mc.lane(one.from)} → ${mc.lane(one.to)}`, `${mc.count(one.sent, "message")}, ${mc.count(one.bytes, "byte")}`,
    ...Object.entries(one.fates).sort((a, b) => b[1] - a[1])
      .map(([fate, count]) => `${DELIVERED.test(fate) ? "●" : "⤫"} ${count} ${fate}`)];
}

/** The chosen link in words, and the way to its messages. */
function tell(side, one) {
  if (!one) {
    side.replaceChildren(mc.el("p", { class: "muted" }, "Choose a cell to see what became of its messages."));
    return;
  }
  const [head, ...rest] = lines(one), names = [one.from, one.to].map(mc.lane);
  const find = (query) => {
    mc.search(query);
    mc.bring("spacetime");
  };
  side.replaceChildren(mc.el("h3", null, head), mc.el("ul", null, rest.map((line) => mc.el("li", null, line))),
    one.sent ? mc.el("p", { class: "tools" },
      mc.button("show in space-time", "Only messages of this link", () => find(`from:=${names[0]} to:=${names[1]}`)),
      one.dropped ? mc.button("only the dropped", "Only what this link lost",
        () => find(`from:=${names[0]} to:=${names[1]} type:drop`)) : null) : "");
}

function table(parent, links, chosen) {
  const rows = [...links].sort((one, two) => two.dropped - one.dropped || two.sent - one.sent);
  mc.table(parent, { caption: "Links as a table, those that lost most first",
    columns: ["from", "to", "sent", "delivered", "dropped", "bytes", "reasons"],
    rows: { length: rows.length, at: (i) => {
      const one = rows[i], reasons = Object.entries(one.fates).filter(([fate]) => !DELIVERED.test(fate));
      return [mc.lane(one.from), mc.lane(one.to), one.sent, one.delivered, one.dropped, one.bytes,
        reasons.map(([fate, count]) => `${count} ${fate}`).join(", ")];
    } },
    onRow: (i) => chosen(rows[i]) });
}
