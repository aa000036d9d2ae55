// Owns messages and events in the space-time diagram: lines while they can be told apart, density where not.

const { st } = mc;
const MOST = 4000;
const BIN = 2;

/** What is emphasised: by the selection if there is one, else by the search. */
st.light = function () {
  const chosen = mc.selection(), model = mc.model, found = mc.matches;
  st.lit = { op: -1, chain: [], past: null, future: null, event: -1 };
  if (chosen.event !== undefined) st.lit.event = chosen.event;
  if (chosen.message !== undefined) st.lit.event = Math.max(model.endOf[chosen.message], model.sendOf[chosen.message]);
  if (chosen.operation !== undefined) st.lit.op = chosen.operation;
  if (st.lit.event >= 0) {
    st.lit.op = model.opOf[st.lit.event];
    st.lit.chain = mc.chain(st.lit.event);
    if (mc.opts.cone) {
      st.lit.past = mc.past(st.lit.event);
      st.lit.future = mc.future(st.lit.event);
    }
  }
  st.lit.links = new Set(st.lit.chain.filter((row) => mc.data.events.type[row] < 3 && mc.data.events.type[row] > 0).map((row) => mc.data.events.ref[row]));
  st.lit.any = st.lit.op >= 0 || st.lit.past || (found && st.lit.event < 0);
};

/** Whether an operation steps back behind what is emphasised. */
st.dim = (op) => st.lit.any && st.lit.op >= 0 && op !== st.lit.op && !st.lit.past;

function litMessage(m) {
  const lit = st.lit;
  if (lit.links.has(m)) return 2;
  if (lit.past) {
    const lane = mc.data.messages.from[m], sent = mc.model.sendOf[m];
    return sent >= 0 && (sent <= lit.past[lane] && arrived(m) || sent >= lit.future[lane]) ? 1 : 0;
  }
  if (lit.op >= 0) return mc.data.messages.op[m] === lit.op ? 2 : 0;
  if (mc.matches) return mc.matches.message[m] ? 2 : 0;
  return 1;
}
function arrived(m) {
  const end = mc.model.endOf[m];
  return end >= 0 && !mc.model.lost[m] && end <= st.lit.past[mc.data.messages.to[m]];
}

/** The messages in sight. Those that end in it are found at their end, the others at their sending. */
function inSight() {
  const { events } = mc.data, { endOf } = mc.model, found = [];
  for (const m of spanning()) found.push(m);
  for (let row = st.from; row < st.to && found.length < MOST; row++) {
    const type = events.type[row], m = events.ref[row];
    if (type === 1 || type === 2) found.push(m);
    else if (type === 0 && (endOf[m] < 0 || endOf[m] >= st.to)) found.push(m);
  }
  return found;
}

const BLOCK = 256;
/** Messages that were sent before and end after what is visible: blocks of them know how far they reach. */
function spanning() {
  const { sent, took, length } = mc.data.messages, found = [], [a, b] = mc.range();
  const end = (m) => (took[m] < 0 ? mc.data.end : sent[m] + took[m]);
  let reachOf = mc.model.reachOf;
  if (!reachOf) {
    reachOf = mc.model.reachOf = new Float64Array(Math.ceil(length / BLOCK));
    for (let m = 0; m < length; m++) reachOf[Math.floor(m / BLOCK)] = Math.max(reachOf[Math.floor(m / BLOCK)], end(m));
  }
  const before = mc.lower(sent, a);
  for (let block = 0; block * BLOCK < before; block++) {
    if (reachOf[block] <= b) continue;
    for (let m = block * BLOCK; m < Math.min(before, (block + 1) * BLOCK); m++) if (end(m) > b) found.push(m);
  }
  return found.slice(0, 500);
}

/** Both ends of a message on the screen; a loss ends on its way, half a lane from its sender. */
function ends(m) {
  const { from, to, took } = mc.data.messages, { sendOf, endOf, far, lost } = mc.model;
  const a = st.rows[from[m]], b = to[m] >= 0 ? st.rows[to[m]] : null;
  if (!a || sendOf[m] < 0) return null;
  const x0 = st.ex(sendOf[m]), y0 = a.y;
  let x1 = endOf[m] >= 0 ? st.ex(endOf[m]) : st.tx(to[m], mc.data.end), y1 = b ? b.y : y0 + a.tall * 0.6;
  if (lost[m] && !far[m]) {
    const way = Math.sign(y1 - y0) || 1;
    y1 = y0 + way * Math.min(Math.abs(y1 - y0) || 20, Math.max(10, a.tall * 0.5));
    x1 = Math.max(x1, x0 + 5);
  } else if (took[m] < 0) {
    x1 = Math.min(x1, st.right + 40);
  }
  return { m, x0, y0, x1, y1 };
}

st.drawTraffic = function (ctx) {
  st.shown = [];
  if (st.dense) density(ctx);
  if (!st.dense || st.lit.any) lines(ctx);
  if (!st.dense) marks(ctx);
};

function lines(ctx) {
  const messages = st.dense ? litOnly() : inSight(), groups = new Map(), lost = [];
  for (const m of messages) {
    const line = ends(m);
    if (!line || Math.max(line.x0, line.x1) < st.left - 4 || Math.min(line.x0, line.x1) > st.right + 4) continue;
    line.lit = litMessage(m);
    if (st.dense && line.lit < 2) continue;
    st.shown.push(line);
    const key = `${line.lit}|${mc.data.messages.kind[m]}|${mc.model.reply[m]}|${mc.data.messages.copy[m]}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(line);
    if (mc.model.lost[m]) lost.push(line);
  }
  const crowd = st.shown.length;
  const calm = crowd < 160 ? 0.95 : Math.max(0.3, 0.95 - (crowd - 160) / 2400);
  for (const [key, group] of [...groups].sort((one, two) => one[0][0] - two[0][0])) stroke(ctx, key, group, crowd, calm);
  drops(ctx, lost, crowd);
  if (crowd <= 90) labels(ctx);
}

function litOnly() {
  const found = [], { op, length } = mc.data.messages;
  for (let m = 0; m < length && found.length < MOST; m++) {
    if (st.lit.op >= 0 ? op[m] === st.lit.op : litMessage(m) === 2) found.push(m);
  }
  return found;
}

function stroke(ctx, key, group, crowd, calm) {
  const [lit, kind, reply, copy] = key.split("|").map(Number);
  ctx.strokeStyle = ctx.fillStyle = mc.colour("kind", mc.text(kind));
  ctx.globalAlpha = lit === 0 ? 0.13 : lit === 2 && st.lit.any ? 1 : calm * (reply ? 0.75 : 1);
  ctx.lineWidth = lit === 2 && st.lit.any ? 2.2 : crowd > 700 ? 0.8 : reply ? 1 : 1.5;
  if (copy) ctx.setLineDash([2, 3]);
  ctx.beginPath();
  for (const { x0, y0, x1, y1 } of group) {
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
  }
  ctx.stroke();
  ctx.setLineDash([]);
  if (crowd <= 500 || (lit === 2 && group.length < 300)) heads(ctx, group);
  ctx.globalAlpha = 1;
}

function heads(ctx, group) {
  ctx.beginPath();
  for (const { m, x0, y0, x1, y1 } of group) {
    if (mc.model.endOf[m] < 0 || mc.model.lost[m]) continue;
    const long = Math.hypot(x1 - x0, y1 - y0) || 1, ux = (x1 - x0) / long, uy = (y1 - y0) / long;
    ctx.moveTo(x1, y1);
    ctx.lineTo(x1 - ux * 7 - uy * 2.8, y1 - uy * 7 + ux * 2.8);
    ctx.lineTo(x1 - ux * 7 + uy * 2.8, y1 - uy * 7 - ux * 2.8);
  }
  ctx.fill();
}

function drops(ctx, lost, crowd) {
  const { taken } = st, named = [];
  for (const { m, x1, y1, lit } of lost) {
    const harmless = mc.model.lost[m] === 2;
    if (harmless && crowd > 400) continue;
    ctx.strokeStyle = mc.colour(harmless ? "other" : "drop");
    ctx.globalAlpha = lit === 0 ? 0.3 : 1;
    mc.mark(ctx, "drop", x1, y1, harmless ? 6 : crowd > 600 ? 6 : 9);
    const words = mc.text(mc.data.messages.fate[m]);
    const said = named.some((other) => other[0] === words && Math.abs(other[1] - x1) < 12 && Math.abs(other[2] - y1) < 4);
    if (crowd > 240 || lit === 0 || said || (harmless && crowd > 60)) continue;
    const wide = ctx.measureText(words).width;
    // The reason stands to the right of its mark, or to the left, or (where both are taken) in the tooltip only.
    const x = [x1 + 8, x1 - 8 - wide].find((at) => at > st.left && at + wide < st.right && free([at - 1, y1 - 7, at + wide + 1, y1 + 7]));
    if (x === undefined) continue;
    named.push([words, x1, y1]);
    taken.push([x - 1, y1 - 7, x + wide + 1, y1 + 7]);
    halo(ctx, words, x, y1, mc.colour(harmless ? "muted" : "drop"));
  }
  ctx.globalAlpha = 1;
}

const free = (box) => !st.taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3]);

function halo(ctx, words, x, y, colour) {
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = mc.colour("paper");
  ctx.strokeText(words, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
}

/** The kind along its line, where the line is longer than the word and no other word is there. */
function labels(ctx) {
  const { taken } = st;
  for (const { m, x0, y0, x1, y1, lit } of st.shown) {
    if (lit === 0 || mc.model.lost[m] === 1) continue;
    const words = mc.short(mc.text(mc.data.messages.kind[m])), wide = ctx.measureText(words).width + 12;
    const long = Math.hypot(x1 - x0, y1 - y0), slope = Math.atan2(y1 - y0, x1 - x0);
    if (long < wide + 12 || Math.abs(slope) > 1.25) continue;
    const x = x0 + (x1 - x0) * 0.42, y = y0 + (y1 - y0) * 0.42;
    const halfW = (wide / 2) * Math.abs(Math.cos(slope)) + 4, halfH = (wide / 2) * Math.abs(Math.sin(slope)) + 7;
    const box = [x - halfW, y - halfH, x + halfW, y + halfH];
    if (x < st.left || !free(box)) continue;
    taken.push(box);
    ctx.save();
    ctx.translate(x, y);
    ctx.rotate(slope);
    ctx.font = "10px system-ui, sans-serif";
    halo(ctx, words, -wide / 2 + 6, -7, mc.colour("kind", mc.text(mc.data.messages.kind[m])));
    ctx.restore();
  }
}

/** Timers, disk writes and decisions as small signs on their lane; power cuts and boots as large ones. */
function marks(ctx) {
  const { events } = mc.data, many = st.to - st.from > 900;
  for (let row = st.from; row < st.to; row++) {
    const type = events.type[row], lane = st.rows[events.lane[row]];
    if (type < 3 || type === 4 || type > 8 || !lane) continue;
    if (type === 5 || (type === 6 && events.t[row] > 0)) bolt(ctx, st.ex(row), lane, type === 5);
    else if (!many && !lane.folded) small(ctx, st.ex(row), lane, type);
  }
}

function small(ctx, x, lane, type) {
  ctx.fillStyle = mc.colour("muted");
  if (type === 3) ctx.fillRect(x - 0.75, lane.y - 6, 1.5, 6);
  else if (type === 7) ctx.fillRect(x - 2, lane.y + 1, 4, 4);
  else {
    ctx.strokeStyle = mc.colour("muted");
    ctx.lineWidth = 1.2;
    ctx.strokeRect(x - 2.5, lane.y - 2.5, 5, 5);
  }
}

function bolt(ctx, x, lane, crash) {
  ctx.fillStyle = ctx.strokeStyle = mc.colour(crash ? "bad" : "good");
  if (crash) return mc.mark(ctx, "fail", x, lane.y, 12);
  ctx.beginPath();
  ctx.moveTo(x - 1, lane.y - 6);
  ctx.lineTo(x + 8, lane.y);
  ctx.lineTo(x - 1, lane.y + 6);
  ctx.fill();
}

/** How much goes on, as the breadth of a lane; what was lost stands out of it. */
function density(ctx) {
  const { events, lanes } = mc.data, wide = Math.ceil((st.right - st.left) / BIN) + 1;
  const all = new Uint16Array(lanes.length * wide), lost = new Uint16Array(lanes.length * wide);
  const { clock, zero, by } = st.bins(BIN);
  let most = 1;
  for (let row = st.from; row < st.to; row++) {
    const lane = events.lane[row];
    if (lane < 0) continue;
    const at = Math.floor((clock[row] - zero) * by);
    if (at < 0 || at >= wide) continue;
    const bin = lane * wide + at;
    if (++all[bin] > most) most = all[bin];
    if (events.type[row] === 2 && mc.model.lost[events.ref[row]] === 1) lost[bin]++;
  }
  st.rows.forEach((row) => {
    const high = row.tall * 0.42, from = row.lane * wide, busy = mc.model.operations[row.lane].length && !row.folded;
    ctx.globalAlpha = st.lit.any ? 0.2 : mc.dark() ? 0.6 : 0.5;
    ctx.fillStyle = mc.colour(mc.data.lanes[row.lane].kind === "client" ? "other" : "ok");
    // A client's operations say more than its messages; only its losses are shown, below them.
    if (!busy) river(ctx, all, from, wide, row.y, high, most);
    ctx.globalAlpha = st.lit.any ? 0.35 : 0.95;
    ctx.fillStyle = mc.colour("drop");
    river(ctx, lost, from, wide, busy ? row.y + row.tall * 0.34 : row.y, busy ? 4 : high, most);
  });
  ctx.globalAlpha = 1;
  powerCuts(ctx);
}

function river(ctx, bins, from, wide, y, high, most) {
  ctx.beginPath();
  for (let i = 0; i < wide; i++) {
    const count = bins[from + i];
    if (!count) continue;
    const tall = Math.max(2, Math.sqrt(count / most) * high);
    ctx.rect(st.left + i * BIN, y - tall, BIN, tall * 2);
  }
  ctx.fill();
}

function powerCuts(ctx) {
  for (const lane of st.rows) {
    for (const gap of mc.model.gaps[lane.lane]) {
      if (gap.kind !== "down") continue;
      ctx.strokeStyle = mc.colour("bad");
      const x = st.tx(lane.lane, gap.begin);
      if (x > st.left && x < st.right) mc.mark(ctx, "fail", x, lane.y, 10);
    }
  }
}
