// Owns the verdict at the top: what was found, why, and how to have it again.

const SIGNS = { valid: "✔", invalid: "✖", unknown: "?" };

mc.verdict = (verdict) => mc.el("span", { class: `verdict ${verdict || "unknown"}` },
  mc.el("span", { "aria-hidden": "true" }, `${SIGNS[verdict] || "?"} `), (verdict || "no verdict").toUpperCase());

mc.section("header", (parent) => {
  const h = mc.data.header;
  parent.replaceChildren(
    mc.el("div", { class: "title" }, mc.verdict(h.verdict),
      mc.el("h1", null, h.scenario, h.variant ? mc.el("span", { class: "variant" }, ` / ${h.variant}`) : null),
      mc.el("span", { class: "facts" }, facts(h))),
    mc.el("p", { class: "reason" }, h.reason || ""),
    h.lesson ? mc.el("p", { class: "lesson" }, h.lesson) : "",
    mc.el("div", { class: "cols" }, checks(), lines(h)),
    ...(h.left_out || []).map((words) => mc.el("p", { class: "notice", role: "note" }, words)),
  );
  mc.say(`Verdict ${h.verdict || "none"}. ${h.reason || ""}`);
});

function facts(h) {
  const found = [`seed ${h.seed}`, `${mc.ms((h.virtual_s || 0) * 1e9)} of virtual time`,
    mc.count(h.events || 0, "event"), mc.count(h.messages || 0, "message"), mc.count(h.operations || 0, "operation")];
  if (h.stated && h.verdict && h.stated !== h.verdict) found.push(`stated: ${h.stated}`);
  return found.join(" · ");
}

function checks() {
  const list = mc.data.checks.map((check) => {
    const row = mc.el("li", null, mc.verdict(check.verdict), " ", mc.el("strong", null, check.name),
      check.detail ? mc.el("span", { class: "detail" }, ` ${check.detail}`) : "");
    const evidence = (check.evidence || []).filter((op) => op >= 0);
    if (evidence.length) row.append(" ", mc.button("show", "Show the operations in the diagram", () => mc.showOperations(evidence), { class: "small" }));
    return row;
  });
  if (!list.length) list.push(mc.el("li", null, "This run checked nothing, so it could not fail."));
  return mc.el("div", { class: "box" }, mc.el("h2", null, "Checks"), mc.el("ul", { class: "checks" }, list));
}

function lines(h) {
  const box = mc.el("div", { class: "box" }, mc.el("h2", null, "Have it again"));
  const add = (name, text) => {
    if (!text) return;
    const code = mc.el("code", null, text);
    box.append(mc.el("div", { class: "repeat" }, mc.el("span", { class: "muted" }, name), code, mc.copy(text, code)));
  };
  add("repeat", h.repeat);
  add("replay", h.replay);
  add("digest", h.digest);
  return box;
}

/** Bring operations into sight, the first one chosen: where a check points to. */
mc.showOperations = function (rows) {
  const o = mc.data.operations;
  const begin = Math.min(...rows.map((op) => o.start[op]));
  const end = Math.max(...rows.map((op) => o.start[op] + Math.max(0, o.took[op])));
  mc.setCursor(begin);
  mc.select({ operation: rows[0] });
  mc.focusOn(begin, end);
  mc.bring("spacetime");
};

/** Scroll a section below the bar that stays. */
mc.bring = function (id) {
  document.getElementById(id).scrollIntoView({ behavior: mc.still() ? "auto" : "smooth", block: "start" });
};
