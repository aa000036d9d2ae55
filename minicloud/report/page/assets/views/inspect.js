// Owns the words below the diagram: what is chosen, what directly led to it, and what can be done with it.

const { st } = mc;

mc.inspector = function (parent) {
  const panel = mc.el("div", { class: "inspect" });
  parent.append(panel);
  const fill = () => panel.replaceChildren(...content());
  mc.on("select", () => { fill(); announce(); });
  fill();
};

function content() {
  const chosen = mc.selection();
  if (!Object.keys(chosen).length) {
    return [mc.el("p", { class: "muted" }, "Nothing is chosen. Click an event, a message, an operation or a fault; or step through events with j and k.")];
  }
  const [head, ...rest] = st.tell(chosen);
  const left = mc.el("div", null, mc.el("h3", null, head), rest.map((line) => mc.el("div", null, line)), actions(chosen));
  return [left, why(chosen)].filter(Boolean);
}

function actions(chosen) {
  const row = mc.el("div", { class: "group" }), op = operationOf(chosen);
  if (op >= 0) row.append(mc.button("follow the request", "Bring all messages of this operation into sight (f)", mc.follow, { class: "small" }));
  row.append(mc.button("copy link", "Copy a link to exactly this view (y)", mc.copyLink, { class: "small" }));
  row.append(mc.button("clear", "Choose nothing (Esc)", () => mc.select({}), { class: "small" }));
  return row;
}

function operationOf(chosen) {
  if (chosen.operation !== undefined) return chosen.operation;
  if (chosen.message !== undefined) return mc.data.messages.op[chosen.message];
  return chosen.event !== undefined ? mc.model.opOf[chosen.event] : -1;
}

/** All messages of the chosen operation at once. */
mc.follow = function () {
  const op = operationOf(mc.selection());
  if (op < 0) return;
  const { start, took } = mc.data.operations, m = mc.data.messages;
  let end = start[op] + Math.max(0, took[op]);
  for (let i = mc.lower(m.sent, start[op]); i < m.length && m.sent[i] <= end; i++) {
    if (m.op[i] === op && m.took[i] >= 0) end = Math.max(end, Math.min(m.sent[i] + m.took[i], end * 1.01));
  }
  mc.select({ operation: op });
  mc.focusOn(start[op], end);
};

/** The chain of direct causes as a list of jumps. */
function why(chosen) {
  let row = chosen.event;
  if (chosen.message !== undefined) row = Math.max(mc.model.endOf[chosen.message], mc.model.sendOf[chosen.message]);
  if (chosen.operation !== undefined) row = mc.model.opEnd[chosen.operation];
  if (row === undefined || row < 0) return null;
  const chain = mc.chain(row), shown = chain.slice(-9);
  const items = shown.map((at) => mc.el("li", at === row ? { "aria-current": "true" } : null,
    mc.button(mc.when(mc.data.events.t[at], 6), "Go to this event", () => mc.goTo(at), { class: "jump" }),
    ` ${mc.lane(mc.data.events.lane[at])} ${mc.eventWords(at)}`));
  const head = chain.length > shown.length ? `What directly led to it (the last ${shown.length} of ${chain.length} steps)` : "What directly led to it";
  return mc.el("div", { class: "why" }, mc.el("h3", null, head), mc.el("ol", { class: "chain" }, items));
}

function announce() {
  const chosen = mc.selection();
  mc.say(Object.keys(chosen).length ? st.tell(chosen).join(". ") : "Nothing chosen");
}
