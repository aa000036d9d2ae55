// Owns what lies under the pointer in the space-time diagram, what is said about it, and what a click chooses.

const { st } = mc;
const NEAR = 7;

/** The event, message, operation or fault at a pixel; undefined where there is only room. */
st.hit = function (x, y) {
  if (y < st.top - 4) return hitFault(x, y);
  if (x < st.left || x > st.right) return undefined;
  const lane = st.laneAt(y);
  const event = lane && Math.abs(y - lane.y) < 9 ? nearest(lane.lane, x) : -1;
  if (event >= 0) return { event };
  const message = st.shown && hitLine(x, y);
  if (message) return message;
  return lane && Math.abs(y - lane.y) < 12 ? hitOperation(lane.lane, x) : undefined;
};

/** The event of a lane nearest to a pixel: events of a lane are in order on both axes. */
function nearest(lane, x) {
  const rows = mc.model.rows[lane];
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (st.ex(rows[middle]) < x) low = middle + 1;
    else high = middle;
  }
  let best = -1, gap = NEAR;
  // A drop stands where its message stops, not on the lane.
  for (let at = Math.max(0, low - 3); at < Math.min(rows.length, low + 3); at++) {
    const away = Math.abs(st.ex(rows[at]) - x);
    if (away < gap && mc.data.events.type[rows[at]] !== 2) [best, gap] = [rows[at], away];
  }
  return best;
}

function hitLine(x, y) {
  let best = null, gap = 5;
  for (const line of st.shown) {
    const { x0, y0, x1, y1 } = line, dx = x1 - x0, dy = y1 - y0, long = dx * dx + dy * dy || 1;
    const part = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / long));
    let away = Math.hypot(x - x0 - part * dx, y - y0 - part * dy);
    if (mc.model.lost[line.m] && Math.hypot(x - x1, y - y1) < 8) away = 0;
    if (away < gap) [best, gap] = [line, away];
  }
  return best ? { message: best.m } : undefined;
}

function hitOperation(lane, x) {
  const { start } = mc.data.operations;
  let best;
  for (const op of mc.model.operations[lane]) {
    if (st.tx(lane, start[op]) - 2 <= x && x <= st.tx(lane, st.opEnd(op)) + 4) {
      if (best === undefined || mc.model.violated[op]) best = op;
    }
  }
  return best === undefined ? undefined : { operation: best };
}

function hitFault(x, y) {
  const found = mc.data.faults.findIndex((fault, i) => Math.abs(st.trackY(i) + 8 - y) < 9
    && st.cx(-1, fault.begin) <= x && x <= Math.max(st.cx(-1, mc.until(fault)), st.cx(-1, fault.begin) + 6));
  return found < 0 ? undefined : { fault: found };
}

/** What is said about a thing, a line each. */
st.tell = function (found) {
  if (found.event !== undefined) {
    const row = found.event, lines = [`${mc.lane(mc.data.events.lane[row])} ${mc.eventWords(row)}`];
    if (mc.data.events.type[row] < 3) lines.push(...about(mc.data.events.ref[row]));
    lines.push(`event ${mc.data.events.number[row].toLocaleString("en-US")} at ${mc.when(mc.data.events.t[row], 6)}`);
    return lines;
  }
  if (found.message !== undefined) {
    const m = found.message;
    return [mc.messageWords(m), ...about(m), `sent at ${mc.when(mc.data.messages.sent[m], 6)}`];
  }
  if (found.operation !== undefined) return operation(found.operation);
  const fault = mc.data.faults[found.fault];
  return [mc.faultWords(fault), `${mc.when(fault.begin)} – ${fault.end === null ? "the end" : mc.when(fault.end)}`];
};

function about(m) {
  const { body, op, size } = mc.data.messages, lines = [mc.fateWords(m)];
  if (body[m] >= 0) lines.push(mc.text(body[m]));
  if (op[m] >= 0) lines.push(`for ${mc.text(mc.data.operations.name[op[m]])}: ${mc.operationWords(op[m], 60)}`);
  lines.push(`${size[m]} bytes, id ${mc.messageId(m)}`);
  return lines;
}

function operation(op) {
  const o = mc.data.operations, [what, so] = [["ok", ""], ["failed", ": it did not happen"], ["unknown", ": it may have happened"]][o.outcome[op]];
  const lines = [`${mc.text(o.name[op])}  ${mc.operationWords(op)}`,
    `${what}${o.took[op] < 0 ? ", never returned" : ` after ${mc.ms(o.took[op])}`}${so}; ${mc.count(o.messages[op], "message")}`];
  if (o.error[op] >= 0) lines.push(mc.text(o.error[op]));
  if (mc.model.violated[op]) lines.push(`⚑ evidence of ${mc.model.violations.find((one) => one.op === op)?.check.name}`);
  return lines;
}

st.onMove = function (x, y, event) {
  if (x < st.left) return mc.tip() || Boolean(st.laneAt(y));
  const found = st.hit(x, y);
  if (found) mc.tip(event.clientX, event.clientY, st.tell(found));
  else mc.tip();
  return Boolean(found);
};

/** A click chooses what is there and takes the cursor along; on a lane's name it folds the lane. */
st.onClick = function (x, y) {
  const lane = st.laneAt(y);
  if (x < st.left - 4) {
    if (lane) mc.opts.folded[lane.lane] = !lane.folded;
    return mc.emit("view");
  }
  const found = st.hit(x, y);
  const at = found && found.event !== undefined ? mc.data.events.t[found.event] : st.at(x, st.width);
  mc.setCursor(at);
  mc.select(found || {});
};
