// Owns the indices over the data: what led to what, what belongs to whom, Lamport's clock. Knows no picture.

const SEND = 0, ARRIVE = 1, DROP = 2, INVOKE = 9;
// Fates that a message meets where it was going; every other one stops it on the way.
const FAR = /^(copy: )?(host down|no handler|caller restarted|late reply|duplicate reply|server queue full|unreadable)/;
// Fates that say nothing was lost: the caller had its answer, or had gone.
const HARMLESS = /^(copy: )?(late reply|duplicate reply|caller restarted)/;
// Between two floors lanes may drift apart; at a floor all start level, or a quiet lane would stay at the left for ever.
const FLOOR = 96;

mc.buildModel = function () {
  const d = mc.data;
  const model = mc.model = {};
  relate(d, model);
  classify(d, model);
  perLane(d, model);
  clock(d, model);
  judge(d, model);
};

/** The row of an event's number, or -1. */
mc.row = function (number) {
  const found = mc.lower(mc.data.events.number, number);
  return mc.data.events.number[found] === number ? found : -1;
};

function relate({ events, messages, operations }, model) {
  model.sendOf = new Int32Array(messages.length).fill(-1);
  model.endOf = new Int32Array(messages.length).fill(-1);
  model.opBegin = new Int32Array(operations.length).fill(-1);
  model.opEnd = new Int32Array(operations.length).fill(-1);
  model.opOf = new Int32Array(events.length).fill(-1);
  model.causeOf = new Int32Array(events.length).fill(-1);
  for (let row = 0; row < events.length; row++) {
    const type = events.type[row], ref = events.ref[row];
    if (type === SEND) model.sendOf[ref] = row;
    else if (type <= DROP) model.endOf[ref] = row;
    else if (type === INVOKE) model.opBegin[ref] = row;
    else if (type > INVOKE) model.opEnd[ref] = row;
    if (type <= DROP) model.opOf[row] = messages.op[ref];
    else if (type >= INVOKE) model.opOf[row] = ref;
    if (events.cause[row]) model.causeOf[row] = mc.row(events.number[row] - events.cause[row]);
  }
  copies(messages, model);
}

/** A duplicate left with its original: both have one send event. */
function copies(messages, model) {
  const originals = new Map();
  for (let m = 0; m < messages.length; m++) {
    const id = messages.sender[m] * 1e7 + messages.no[m];
    if (messages.copy[m]) model.sendOf[m] = originals.get(id) ?? -1;
    else originals.set(id, model.sendOf[m]);
  }
}

function classify({ events, messages }, model) {
  model.far = new Uint8Array(messages.length);
  model.lost = new Uint8Array(messages.length); // 1 lost, 2 of no use to its receiver any more
  model.reply = new Uint8Array(messages.length);
  const far = mc.data.strings.map((text) => FAR.test(text));
  const harmless = mc.data.strings.map((text) => HARMLESS.test(text));
  for (let m = 0; m < messages.length; m++) {
    const fate = messages.fate[m], end = model.endOf[m];
    if (fate >= 0 && far[fate]) model.far[m] = 1;
    if (end >= 0 && events.type[end] === DROP) model.lost[m] = harmless[fate] ? 2 : 1;
    const cause = model.sendOf[m] < 0 ? -1 : model.causeOf[model.sendOf[m]];
    if (cause >= 0 && events.type[cause] === ARRIVE) {
      const asked = events.ref[cause];
      model.reply[m] = messages.from[asked] === messages.to[m] && messages.kind[asked] === messages.kind[m] ? 1 : 0;
    }
  }
}

function perLane({ events, lanes, states, operations }, model) {
  const gather = (of, count) => {
    const found = lanes.map(() => []);
    for (let row = 0; row < count; row++) if (of[row] >= 0) found[of[row]].push(row);
    return found.map((rows) => Int32Array.from(rows));
  };
  model.rows = gather(events.lane, events.length);
  model.times = model.rows.map((rows) => Float64Array.from(rows, (row) => events.t[row]));
  model.states = gather(states.lane, states.length);
  model.operations = gather(operations.lane, operations.length);
  model.gaps = lanes.map((_, lane) => mc.data.gaps.filter((gap) => gap.lane === lane));
}

/**
 * Lamport's logical clock (Lamport 1978, section 2): one more than the last event of the lane, and
 * one more than the sending of what arrived. `high` is the most reached so far, row by row: it turns
 * a moment of real time into a logical one.
 */
function clock({ events, lanes }, model) {
  const logical = model.logical = new Int32Array(events.length), high = model.high = new Int32Array(events.length);
  const last = new Int32Array(lanes.length);
  let most = 0, floor = 0;
  for (let row = 0; row < events.length; row++) {
    const lane = events.lane[row], type = events.type[row];
    if (row % FLOOR === 0) floor = most;
    let before = lane < 0 ? most : Math.max(floor, last[lane]);
    if (type === ARRIVE || type === DROP) {
      const sent = model.sendOf[events.ref[row]];
      if (type === DROP && sent >= 0) before = logical[sent]; // nobody learns of a drop: it moves no clock
      else if (sent >= 0) before = Math.max(before, logical[sent]);
    }
    logical[row] = before + 1;
    if (lane < 0) floor = before + 1;
    else if (type !== DROP) last[lane] = before + 1;
    high[row] = most = Math.max(most, before + 1);
  }
}

function judge({ checks, operations }, model) {
  model.violated = new Uint8Array(operations.length);
  const seen = new Map();
  for (const check of checks) {
    for (const op of check.evidence || []) {
      if (op < 0 || op >= operations.length) continue;
      model.violated[op] = 1;
      if (!seen.has(op)) seen.set(op, check);
    }
  }
  model.violations = [...seen].map(([op, check]) => ({ op, check, t: operations.start[op] }));
  for (const moment of mc.data.moments) if (moment.kind === "violation") model.violations.push({ t: moment.t, moment });
  model.violations.sort((one, two) => one.t - two.t);
}

/**
 * The causal past of an event as one row a lane (everything of the lane up to it), by the order of
 * lanes and by messages: Lamport's "happened before". -1 is nothing of that lane.
 */
mc.past = function (row) {
  const { events, lanes } = mc.data, reach = new Int32Array(lanes.length).fill(-1);
  const begin = anchor(row);
  if (events.lane[begin] < 0) return reach;
  reach[events.lane[begin]] = begin;
  for (let at = begin; at >= 0; at--) {
    const lane = events.lane[at];
    if (lane < 0 || reach[lane] < at || events.type[at] !== ARRIVE) continue;
    const sent = mc.model.sendOf[events.ref[at]];
    if (sent >= 0) reach[events.lane[sent]] = Math.max(reach[events.lane[sent]], sent);
  }
  return reach;
};

/** The causal future, as the first row of each lane; the number of events is nothing of that lane. */
mc.future = function (row) {
  const { events, lanes } = mc.data, reach = new Int32Array(lanes.length).fill(events.length);
  const begin = anchor(row);
  if (events.lane[begin] < 0) return reach;
  reach[events.lane[begin]] = begin;
  for (let at = begin; at < events.length; at++) {
    const lane = events.lane[at];
    if (lane < 0 || events.type[at] !== ARRIVE || reach[lane] <= at) continue;
    const sent = mc.model.sendOf[events.ref[at]];
    if (sent >= 0 && reach[events.lane[sent]] <= sent) reach[lane] = at;
  }
  return reach;
};

/** Where an event stands in the order of causes: a drop is known to nobody, so its sending stands for it. */
function anchor(row) {
  if (mc.data.events.type[row] !== DROP) return row;
  const sent = mc.model.sendOf[mc.data.events.ref[row]];
  return sent < 0 ? row : sent;
}

/** The events that directly led to one, the first cause first, the event itself last. */
mc.chain = function (row) {
  const found = [row];
  while (mc.model.causeOf[found[0]] >= 0) found.unshift(mc.model.causeOf[found[0]]);
  return found;
};

/** What a lane shows at a moment: a map of key to {value, t}, and the last change. */
mc.stateAt = function (lane, t) {
  const { states } = mc.data, shown = new Map();
  let last = -1;
  for (const row of mc.model.states[lane]) {
    if (states.t[row] > t) break;
    if (states.value[row] < 0) shown.delete(states.key[row]);
    else shown.set(states.key[row], { value: states.value[row], t: states.t[row], was: shown.get(states.key[row])?.value });
    last = states.t[row];
  }
  return { shown, last };
};

/** What stops a lane at a moment: a gap, or undefined where it runs. */
mc.gapAt = (lane, t) => mc.model.gaps[lane].find((gap) => gap.begin <= t && t < mc.until(gap));
