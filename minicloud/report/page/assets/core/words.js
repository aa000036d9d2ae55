// Owns the words for events, messages and operations.

const TYPES = ["send", "arrive", "drop", "timer", "fault", "crash", "boot", "disk", "decision",
  "invoke", "ok", "fail", "unknown"];

mc.typeName = (code) => TYPES[code];
mc.lane = (lane) => (lane < 0 ? "" : mc.data.lanes[lane].name);
/** `Keep` of `kv.Keep`. */
mc.short = (kind) => kind.slice(kind.lastIndexOf(".") + 1);
mc.messageId = (m) => `${mc.text(mc.data.messages.sender[m])}:${mc.data.messages.no[m]}`;

/** `n1 → n2 kv.Keep`. */
mc.messageWords = (m) => `${mc.lane(mc.data.messages.from[m])} → ${target(m)}  ${kindWords(m)}`;

function target(m) {
  const { to, address } = mc.data.messages;
  return to[m] < 0 ? mc.text(address[m]) : mc.lane(to[m]);
}

function kindWords(m) {
  const extra = (mc.model.reply[m] ? " (reply)" : "") + (mc.data.messages.copy[m] ? " (duplicate)" : "");
  return `${mc.text(mc.data.messages.kind[m])}${extra}`;
}

mc.fateWords = function (m) {
  const { fate, took } = mc.data.messages;
  if (took[m] < 0) return "still under way at the end";
  return `${mc.model.lost[m] ? "⤫ " : ""}${mc.text(fate[m])}${took[m] ? ` after ${mc.ms(took[m])}` : ""}`;
};

/** `write x = 7 → ok`, cut to a length where one is given. */
mc.operationWords = function (op, most) {
  const o = mc.data.operations, asked = mc.text(o.asked[op]), result = mc.text(o.result[op]);
  const key = o.key[op] < 0 ? "" : ` ${mc.text(o.key[op])}`;
  let words = `${mc.text(o.f[op])}${key}${asked ? ` = ${asked}` : ""}`;
  if (result && result !== asked) words += ` → ${result}`;
  return most && words.length > most ? `${words.slice(0, most - 1)}…` : words;
};

mc.sideWords = (fault) => (fault.groups || []).map((group) => group.map(mc.lane).join(", ")).join("  |  ");
mc.faultWords = function (fault) {
  const detail = mc.sideWords(fault) || fault.detail;
  const name = (fault.name || "").includes(fault.kind) ? fault.name : `${fault.kind} ${fault.name || ""}`.trim();
  return `${name}${detail ? `: ${detail}` : ""}`;
};

/** An event in words, without its time and its lane. */
mc.eventWords = function (row) {
  const { type, ref } = mc.data.events, at = ref[row], name = TYPES[type[row]];
  if (type[row] === 0) return `sends ${kindWords(at)} to ${target(at)}`;
  if (type[row] === 1) return `receives ${kindWords(at)} from ${mc.lane(mc.data.messages.from[at])}`;
  if (type[row] === 2) return `${kindWords(at)} to ${target(at)}  ⤫ ${mc.text(mc.data.messages.fate[at])}`;
  if (type[row] === 4) return at < 0 ? "fault" : mc.faultWords(mc.data.faults[at]);
  if (type[row] === 5) return `loses power${mc.text(at) ? ` (${mc.text(at)})` : ""}`;
  if (type[row] === 6) return `boots${mc.text(at) ? ` as ${mc.text(at)}` : ""}`;
  if (type[row] < 9) return `${name === "decision" ? "" : name + " "}${mc.text(at)}`;
  const op = `${mc.text(mc.data.operations.name[at])}  ${mc.operationWords(at)}`;
  return type[row] === 9 ? `begins ${op}` : `${name}  ${op}`;
};
