// Owns figures over no time: the spectrum of latencies by quantile, and messages per operation.

const { digits, svg } = mc.charts;

const SIZE = { width: 720, height: 260, left: 64, right: 90, top: 14, bottom: 36 };
const HUES = ["ok", "unknown", "fail", "good"];

/** A quantile q lies at 1/(1-q), logarithmically: each nine takes as much room as the one before. */
const nines = (quantile) => Math.log10(1 / Math.max(1e-9, 1 - quantile));

function spectrum(parent, { spectrum: given }) {
  const names = Object.keys(given || {}).filter((f) => given[f].length).slice(0, HUES.length);
  if (!names.length) return;
  const box = mc.el("div", { class: "box" }, mc.el("h3", null, "Percentile spectrum"), mc.el("p", { class: "muted" },
    "Solid: response time, from when an operation was due. Dashed, where it differs: service time, from when it began."));
  parent.append(box);
  const finite = names.flatMap((f) => given[f]).filter(([quantile]) => quantile < 1);
  const values = names.flatMap((f) => given[f].flatMap(([, response, service]) => [response, service]))
    .filter((ms) => ms > 0);
  const most = Math.max(1, ...finite.map(([quantile]) => nines(quantile))) * 1.06;
  const low = Math.log10(Math.min(...values)) - 0.1, high = Math.log10(Math.max(...values)) + 0.1;
  const { width, height, left, right, top, bottom } = SIZE;
  const x = (quantile) => left + (Math.min(nines(quantile), most) / most) * (width - left - right);
  const y = (ms) => height - bottom - ((Math.log10(Math.max(ms, 1e-6)) - low) / (high - low || 1)) * (height - top - bottom);
  const drawn = svg("svg", { class: "spectrum", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Latency by percentile of ${names.join(", ")}; the table below has the figures` });
  for (const quantile of [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999]) {
    if (nines(quantile) > most * 0.95) continue;
    drawn.append(...rule(x(quantile), x(quantile), top, height - bottom),
      word(`p${Number((quantile * 100).toFixed(3))}`, x(quantile), height - bottom + 16, "middle"));
  }
  drawn.append(word("max", x(1), height - bottom + 16, "middle"));
  for (const ms of decades(low, high, digits(high - low))) {
    drawn.append(...rule(left, width - right, y(ms), y(ms)), word(mc.ms(ms * 1e6), left - 8, y(ms) + 4, "end"));
  }
  names.forEach((f, i) => {
    const line = (column) => given[f].map((row) => `${x(row[0]).toFixed(1)},${y(row[column]).toFixed(1)}`).join(" ");
    drawn.append(svg("polyline", { class: `curve dashed ${HUES[i]}`, points: line(2) }),
      svg("polyline", { class: `curve ${HUES[i]}`, points: line(1) }));
  });
  const ends = names.map((f, i) => ({ f, hue: HUES[i], y: y(given[f][given[f].length - 1][1]) })).sort((one, two) => one.y - two.y);
  ends.forEach((one, i) => {
    one.y = Math.max(one.y, i ? ends[i - 1].y + 14 : top);
    drawn.append(svg("text", { class: `strong ${one.hue}`, x: width - right + 6, y: one.y + 4 }, one.f));
  });
  box.append(drawn);
  const rows = names.flatMap((f) => given[f].map(([quantile, response, service]) => [f,
    quantile >= 1 ? "max" : `p${Number((quantile * 100).toFixed(4))}`, response.toFixed(3), service.toFixed(3)]));
  mc.table(box, { caption: "Percentile spectrum as a table",
    columns: ["function", "percentile", "response ms", "service ms"], rows });
}

function decades(low, high, fine) {
  const found = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of fine) if (Math.log10(step) + power >= low) found.push(step * 10 ** power);
  }
  return found.filter((ms) => Math.log10(ms) <= high);
}

const rule = (x1, x2, y1, y2) => [svg("line", { class: "rule", x1, x2, y1, y2 })];
const word = (text, x, y, anchor) => svg("text", { class: "tick", x, y, "text-anchor": anchor }, text);

/** Bars in a table: what an operation of each sort costs in messages. It is its own twin. */
function perOperation(parent, { messages_per_operation: given, per_operation: mean, functions, totals }) {
  const names = Object.keys(given || {});
  if (!names.length) return;
  const most = Math.max(1e-9, ...Object.values(given));
  const row = (name, value, count) => mc.el("tr", null, mc.el("th", { scope: "row" }, name),
    mc.el("td", { class: "number" }, value.toFixed(2)),
    mc.el("td", { class: "wide" }, gauge(value / most)),
    mc.el("td", { class: "number" }, count === undefined ? "" : count.toLocaleString("en-US")));
  const box = mc.el("div", { class: "box" }, mc.el("h3", null, "Messages per operation"),
    mc.el("table", { class: "gauges" }, mc.el("thead", null, mc.el("tr", null,
      ["function", "messages each", "", "operations"].map((text) => mc.el(text ? "th" : "td", text ? { scope: "col" } : null, text)))),
    mc.el("tbody", null, names.map((f) => row(f, given[f], (functions[f] || {}).count)),
      typeof mean === "number" ? row("all", mean, mc.data.operations.length) : null)));
  if (totals) {
    box.append(mc.el("p", { class: "muted" }, `${mc.count(totals.sent, "message")} sent, `
      + `${totals.delivered.toLocaleString("en-US")} delivered, ${mc.count(totals.bytes, "byte")}.`));
  }
  parent.append(box);
}

function gauge(part) {
  return svg("svg", { class: "gauge", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: (Math.min(1, part) * 100).toFixed(1), height: 8 }));
}

Object.assign(mc.charts, { spectrum, perOperation });
