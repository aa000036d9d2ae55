// Owns the search: what a query means, what it finds, and the list of what was found.

const MOST = 60;
const EXAMPLE = "node:n2 kind:kv.Keep key:x fate:cut op:alice:3 type:drop words";
mc.query = "";
mc.matches = null;

const FIELDS = {
  node: (value) => { const lanes = laneHits(value); return (row, m) => at(lanes, mc.data.events.lane[row]) || (m >= 0 && (at(lanes, mc.data.messages.from[m]) || at(lanes, mc.data.messages.to[m]))); },
  from: (value) => { const lanes = laneHits(value); return (row, m) => m >= 0 && at(lanes, mc.data.messages.from[m]); },
  to: (value) => { const lanes = laneHits(value); return (row, m) => m >= 0 && at(lanes, mc.data.messages.to[m]); },
  kind: (value) => { const hits = textHits(value); return (row, m) => m >= 0 && at(hits, mc.data.messages.kind[m]); },
  fate: (value) => { const hits = textHits(value); return (row, m) => m >= 0 && at(hits, mc.data.messages.fate[m]); },
  key: (value) => { const hits = textHits(value, true); return (row, m, op) => op >= 0 && at(hits, mc.data.operations.key[op]); },
  op: (value) => { const hits = textHits(value, /:/.test(value)); return (row, m, op) => op >= 0 && at(hits, mc.data.operations.name[op]); },
  f: (value) => { const hits = textHits(value); return (row, m, op) => op >= 0 && at(hits, mc.data.operations.f[op]); },
  type: (value) => (row) => mc.typeName(mc.data.events.type[row]).startsWith(value),
  is: (value) => (row, m, op) => value === "violation" && op >= 0 && mc.model.violated[op],
};

const at = (hits, i) => i >= 0 && hits[i];
const textHits = (value, whole) => mc.data.strings.map((text) => (whole ? text.toLowerCase() === value : text.toLowerCase().includes(value)));
// `n1` finds n10 as well, `=n1` does not.
const laneHits = (value) => mc.data.lanes.map(({ name }) =>
  (value.startsWith("=") ? name.toLowerCase() === value.slice(1) : name.toLowerCase().includes(value)));

/** A word that belongs to no field may stand anywhere in what an event says. */
function anywhere(value) {
  const hits = textHits(value), lanes = laneHits(value), { messages, operations, faults, events } = mc.data;
  const fault = faults.map((one) => mc.faultWords(one).toLowerCase().includes(value));
  return (row, m, op) => at(lanes, events.lane[row])
    || (m >= 0 && (at(hits, messages.kind[m]) || at(hits, messages.body[m]) || at(hits, messages.fate[m])))
    || (op >= 0 && (at(hits, operations.f[op]) || at(hits, operations.key[op]) || at(hits, operations.asked[op]) || at(hits, operations.result[op])))
    || (events.type[row] === 4 && at(fault, events.ref[row]))
    || (events.type[row] !== 4 && m < 0 && events.type[row] < 9 && at(hits, events.ref[row]));
}

/** The tests of a query: all must hold. A field nobody knows is a word like others. */
function tests(query) {
  return query.toLowerCase().split(/\s+/).filter(Boolean).map((term) => {
    const cut = term.indexOf(":"), field = FIELDS[term.slice(0, cut)];
    return field && cut > 0 && term.length > cut + 1 ? field(term.slice(cut + 1)) : anywhere(term);
  });
}

/** Search, and let every picture know what was found; an empty query ends it. */
mc.search = function (query) {
  mc.query = query.trim();
  const all = tests(mc.query), { events, messages, operations } = mc.data;
  mc.matches = null;
  if (all.length) {
    const found = { event: new Uint8Array(events.length), message: new Uint8Array(messages.length), operation: new Uint8Array(operations.length), rows: [] };
    for (let row = 0; row < events.length; row++) {
      const m = events.type[row] < 3 ? events.ref[row] : -1, op = mc.model.opOf[row];
      if (!all.every((test) => test(row, m, op))) continue;
      found.event[row] = 1;
      found.rows.push(row);
      if (m >= 0) found.message[m] = 1;
      if (op >= 0) found.operation[op] = 1;
    }
    mc.matches = found;
  }
  mc.emit("filter");
};

/** Put a term into the query, or take it out again. */
mc.toggleTerm = function (term) {
  const terms = mc.query.split(/\s+/).filter(Boolean);
  mc.search((terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(" "));
};

mc.searchBox = function () {
  const input = mc.el("input", { type: "search", id: "search", placeholder: "search   /", "aria-label": `Search, for example ${EXAMPLE}`, title: EXAMPLE, autocomplete: "off", spellcheck: "false" });
  const count = mc.el("span", { class: "found", role: "status" }), list = mc.el("ul", { class: "results", hidden: true });
  let wait = 0;
  input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => mc.search(input.value), 120); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { clearTimeout(wait); mc.search(input.value); mc.step(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") { input.value = ""; mc.search(""); input.blur(); }
    if (event.key === "ArrowDown") list.querySelector("button")?.focus();
  });
  const box = mc.el("div", { class: "search" }, input, count, list);
  const close = () => { list.hidden = !mc.matches || !box.contains(document.activeElement); };
  box.addEventListener("focusin", close);
  box.addEventListener("focusout", () => setTimeout(close, 0));
  mc.on("filter", () => {
    if (document.activeElement !== input) input.value = mc.query;
    count.textContent = mc.matches ? mc.count(mc.matches.rows.length, "event") : "";
    fill(list);
    close();
  });
  return box;
};

function fill(list) {
  if (!mc.matches) return list.replaceChildren();
  const { events } = mc.data, rows = mc.matches.rows;
  list.replaceChildren(...rows.slice(0, MOST).map((row) => mc.el("li", null,
    mc.button([mc.el("span", { class: "time" }, mc.when(events.t[row], 6)), ` ${mc.lane(events.lane[row])} ${mc.eventWords(row)}`], "Go to this event", () => mc.goTo(row), { class: "link" }))));
  if (rows.length > MOST) list.append(mc.el("li", { class: "muted" }, `and ${(rows.length - MOST).toLocaleString("en-US")} more: j and k step through all of them`));
  if (!rows.length) list.append(mc.el("li", { class: "muted" }, `Nothing found. Fields: ${Object.keys(FIELDS).map((name) => `${name}:`).join(" ")}`));
}
