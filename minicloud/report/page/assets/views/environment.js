// Owns data and environment: parameters, limits, versions, and where the rest of the run lies.

mc.section("data", (parent) => {
  const h = mc.data.header;
  parent.append(mc.el("div", { class: "cols three" },
    list("Parameters", h.params), list("Limits and options", h.knobs),
    list("Versions", h.versions)));
  const facts = [["digest", h.digest], ["order of tasks", h.order], ["model", h.model], ["failure", h.failure]].filter(([, value]) => value);
  if (facts.length) parent.append(list("Run", facts));
  parent.append(mc.el("p", { class: "muted" },
    "Beside this file lie run.toml, result.json, history.jsonl and trace.jsonl.gz: every event with its whole payload. minicloud export turns them into files for Perfetto, ShiViz, OTLP, OpenMetrics, Jepsen and Mermaid."));
});

function list(title, pairs) {
  const shown = pairs && pairs.length ? pairs : [["", "none"]];
  return mc.el("div", { class: "box" }, mc.el("h3", null, title),
    mc.el("dl", { class: "facts" }, shown.map(([name, value]) => [mc.el("dt", null, name), mc.el("dd", null, value)])));
}
