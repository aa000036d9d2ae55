// Owns the way from the text of a data block to plain typed arrays. Knows no picture.

const DELTAS = { events: ["number", "t"], messages: ["sent"], operations: ["start"], states: ["t"] };
// Nanoseconds of an hour do not fit 32 bits; doubles hold them exactly for a hundred days.
const WIDE = ["t", "sent", "took", "start", "late"];
const NAMES = {
  events: ["number", "t", "lane", "type", "ref", "cause"],
  messages: ["sender", "no", "from", "to", "address", "kind", "sent", "took", "fate", "op", "size", "body", "copy"],
  operations: ["name", "lane", "service", "f", "key", "asked", "result", "start", "took", "outcome", "late",
    "messages", "error"],
  states: ["t", "lane", "incarnation", "key", "value"],
};

/** The data of a block (`run` or `run-other`), or null where there is none. */
mc.decode = async function (id) {
  const block = document.querySelector(`script#${id}`);
  if (!block) return null;
  const packed = Uint8Array.from(atob(block.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = JSON.parse(await new Response(stream).text());
  block.remove();
  for (const table of Object.keys(NAMES)) data[table] = columns(data[table] || {}, table);
  for (const list of ["checks", "strings", "lanes", "moments", "faults", "gaps", "network"]) data[list] ||= [];
  data.end = ending(data);
  return data;
};

function columns(raw, table) {
  const made = { length: Math.max(0, ...Object.values(raw).map((column) => column.length)) };
  for (const name of NAMES[table]) {
    const values = raw[name] || [];
    const column = WIDE.includes(name) ? new Float64Array(made.length) : new Int32Array(made.length);
    column.set(values);
    if (DELTAS[table].includes(name)) for (let i = 1; i < column.length; i++) column[i] += column[i - 1];
    made[name] = column;
  }
  return made;
}

/** The last moment of anything, at least a nanosecond, so that no scale divides by nothing. */
function ending(data) {
  const last = data.events.length ? data.events.t[data.events.length - 1] : 0;
  return Math.max(1, Math.round((data.header.virtual_s || 0) * 1e9), last);
}
