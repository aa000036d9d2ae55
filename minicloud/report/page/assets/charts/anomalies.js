// Owns the cards of violated checks: the sentence, the evidence drawn, and the way to where it happened.

const { clientOf, drawCycle, drawWindow, endOf, furthest, jump, label } = mc.charts;

const CLAIM = /^violates\(/;

/** Checks by what there is to say: broken, claimed to be broken (and so it is), open, or fine. */
function sorts() {
  const is = { broken: [], claimed: [], open: [], fine: [] };
  for (const check of mc.data.checks) {
    if (check.verdict === "invalid") is.broken.push(check);
    else if (check.verdict === "unknown") is.open.push(check);
    else if (CLAIM.test(check.name) && check.evidence.length) is.claimed.push(check);
    else is.fine.push(check);
  }
  return is;
}

mc.section("anomalies", function (parent) {
  const is = sorts();
  const wrong = is.broken.length + is.claimed.length;
  if (!mc.data.checks.length) {
    parent.append(mc.el("p", {}, "Nothing was checked in this run, so nothing can be said."));
    return;
  }
  if (!wrong) parent.append(mc.el("p", {}, praise(is)));
  for (const check of is.broken) parent.append(card(check, "invalid", "✖ violated"));
  for (const check of is.claimed) parent.append(card(check, "claimed", "✖ violated, as claimed"));
  for (const check of is.open) parent.append(card(check, "unknown", "◆ undecided"));
  if (is.fine.length) parent.append(fine(is.fine));
});

function praise(is) {
  const [fine, open] = [is.fine.length, is.open.length];
  if (!fine) return "No check found anything, and none could be decided.";
  const rest = open ? ` ${mc.count(open, "check")} could not be decided.` : "";
  return `Nothing is violated: ${mc.count(fine, "check holds", "checks hold")}.${rest}`;
}

function fine(checks) {
  const list = mc.el("ul", { class: "fine" });
  for (const check of checks) {
    const detail = check.detail ? mc.el("span", { class: "muted" }, ` ${check.detail}`) : "";
    list.append(mc.el("li", null, mc.el("i", null, "✔ "), mc.el("b", {}, check.name), detail));
  }
  return mc.el("div", {}, mc.el("h3", {}, "What holds"), list);
}

function card(check, className, badge) {
  const on = check.key ? ` on ${check.key}` : "";
  const made = mc.el("article", { class: `card ${className}` },
    mc.el("h3", {}, mc.el("span", null, badge), ` ${check.name}${on}`),
    mc.el("p", { class: "sentence" }, check.detail || "It says no more than that."));
  if (check.evidence.length) made.append(evidence(check));
  if (check.cycle && check.cycle.length) made.append(cycle(check.cycle));
  const places = moments(check);
  if (places) made.append(buttons(check, places));
  return made;
}

/** When a violation was: by its evidence, or the moment at which a property was seen broken. */
function moments(check) {
  const o = mc.data.operations;
  if (check.evidence.length) {
    const known = check.evidence.filter((op) => o.outcome[op] === 0);
    const ends = (known.length ? known : check.evidence).map(endOf);
    const last = known.length ? known[ends.indexOf(Math.max(...ends))] : check.evidence[0];
    return { begin: Math.min(...check.evidence.map((op) => o.start[op])), end: Math.max(...ends),
      last };
  }
  if (check.at === undefined || check.at === null) return null;
  return { begin: check.at - 5e8, end: check.at + 5e8, at: check.at };
}

function buttons(check, { begin, end, last, at }) {
  const show = (section) => {
    if (last === undefined) mc.setCursor(at);
    else jump(last);
    mc.focusOn(begin, end);
    mc.bring(section);
  };
  const row = mc.el("p", { class: "tools" }, mc.button("show in space-time", "Set range, cursor and selection", () => show("spacetime")));
  if (last !== undefined) row.append(mc.button("show in operations", "Set range, cursor and selection", () => show("operations")));
  return row;
}

function evidence(check) {
  const order = furthest(check.evidence, check.start || []);
  const many = mc.count(check.evidence.length, "operation");
  const part = mc.el("div", {}, mc.el("p", {}, mc.el("b", {}, "The smallest window: "),
    `${many} that no order explains${from(check)}. Distances follow the texts, not the times.`));
  part.append(mc.el("div", { class: "scroll", tabindex: "0" },
    drawWindow(check.evidence, order, check.key)));
  if (order) part.append(told(order, check.key || "it"));
  return part;
}

function from(check) {
  return check.start && check.start.length
    ? `, beginning where ${check.key || "the state"} was ${check.start.join(" or ")}` : "";
}

/** The order that goes furthest, step by step, and why it ends. */
function told(order, thing) {
  const list = mc.el("ol", { class: "order" });
  let state = order.from;
  for (const step of order.steps) {
    const line = mc.el("li", {}, mc.el("b", {}, clientOf(step.op)), " ",
      mc.el("code", {}, label(step.op)));
    if (step.state !== state) line.append(` leaves ${thing} = ${step.state}`);
    list.append(line);
    state = step.state;
  }
  const ends = mc.el("p", { class: "stuck" }, "✖ Next must come ");
  order.stuck.forEach((op, i) => {
    ends.append(i ? " or " : "", mc.el("b", {}, clientOf(op)), " ", mc.el("code", {}, label(op)));
  });
  ends.append(`, and cannot: ${thing} is ${state}. No other order goes further.`);
  return mc.el("div", {}, mc.el("p", {}, mc.el("b", {}, "The order that goes furthest: "),
    `${thing} begins as ${order.from}.`), list, ends);
}

/** The transactions of a cycle get short names, in the order of the edges. */
function cycle(edges) {
  const names = new Map();
  for (const edge of edges) {
    for (const op of [edge.before, edge.after]) {
      if (!names.has(op)) names.set(op, `T${names.size + 1}`);
    }
  }
  const words = mc.el("ol", { class: "words" });
  for (const edge of edges) {
    words.append(mc.el("li", {}, mc.el("b", {}, names.get(edge.before)), " before ",
      mc.el("b", {}, names.get(edge.after)), ` because ${edge.why}`));
  }
  const who = mc.el("ul", { class: "who" });
  for (const [op, name] of names) {
    const link = mc.button(mc.text(mc.data.operations.name[op]), "Choose it", () => jump(op), { class: "small" });
    who.append(mc.el("li", {}, mc.el("b", {}, name), " is ", link, " ",
      mc.el("code", {}, label(op))));
  }
  return mc.el("div", { class: "cyclic" }, drawCycle(edges, names),
    mc.el("div", {}, who, words, mc.el("p", {}, "Round the ring, each comes before itself.")));
}
