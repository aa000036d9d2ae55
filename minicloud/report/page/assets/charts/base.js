// Owns what the charts share: an operation in words, controls, and the way from a chart to the rest.

const SHORT = { write: "w", read: "r" };

/** `w x=2`, `r x=1`, and `r x=?` where nobody knows what it would have answered. */
function label(op) {
  const o = mc.data.operations, f = mc.text(o.f[op]), key = mc.text(o.key[op]);
  const asked = mc.text(o.asked[op]), result = o.outcome[op] === 0 ? mc.text(o.result[op]) : "";
  const name = SHORT[f] || f;
  if (f === "read" || f === "get") return `${name} ${key}${key ? "=" : ""}${result || "?"}`;
  const what = key && asked ? `${key}=${asked}` : key || asked;
  return `${name} ${what}${result && result !== asked ? ` → ${result}` : ""}`.trim();
}

/** When the client had its answer (or gave up): the end of the run where it never did. */
function endOf(op) {
  const o = mc.data.operations;
  return o.took[op] < 0 ? mc.data.end : o.start[op] + o.took[op];
}

const clientOf = (op) => mc.data.lanes[mc.data.operations.lane[op]].name;

/** The lines of a tooltip about an operation. */
function about(op) {
  const o = mc.data.operations;
  const took = o.took[op] < 0 ? "never returned" : `took ${mc.ms(o.took[op])}`;
  return [
    `${mc.text(o.name[op])}   ${label(op)}`,
    `${mc.outcome(o.outcome[op])}, began ${mc.when(o.start[op])}, ${took}`,
    mc.text(o.error[op]),
    o.late[op] > 0 ? `began ${mc.ms(o.late[op])} after it was due` : "",
    o.messages[op] ? mc.count(o.messages[op], "message") : "",
  ].filter(Boolean);
}

/** A labelled drop-down of [value, text] pairs. Where there is nothing to choose, nothing is shown. */
function choose(parent, text, options, changed) {
  if (options.length < 2) return;
  const select = mc.el("select", { onchange: () => changed(select.value) },
    options.map(([value, said]) => mc.el("option", { value: String(value) }, said)));
  parent.append(mc.el("label", { class: "choose" }, `${text} `, select));
}

/** An SVG element; `mc.el` makes only HTML ones. Text arrives as text, never as markup. */
function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Chooses an operation and moves the cursor to it. */
function jump(op) {
  mc.select({ operation: op });
  mc.setCursor(mc.data.operations.start[op]);
  mc.reveal(mc.data.operations.start[op]);
}

/** [mark and name, class] pairs: what the shapes and colours of a chart mean. */
function legend(parent, entries) {
  parent.append(mc.el("p", { class: "keys-of" }, entries.map(([text, name]) =>
    mc.el("span", { class: name }, mc.el("i"), text))));
}

/** What the mouse does over marks of operations: `at(x, y)` gives the one there, or -1. */
function pointing(at) {
  return {
    onMove(x, y, event) {
      const op = at(x, y);
      mc.tip(event.clientX, event.clientY, op < 0 ? [] : about(op));
      return op >= 0;
    },
    onClick(x, y, event) {
      const op = at(x, y);
      if (op >= 0) jump(op);
      else mc.setCursor(mc.t(x, event.currentTarget.clientWidth));
    },
  };
}

mc.charts = { label, endOf, clientOf, about, choose, svg, jump, legend, pointing };
