// Owns the bar that stays in sight: the whole run at a glance with the visible part, the cursor, the buttons.

const HIGH = 34;

mc.section("bar", (parent) => {
  const clock = mc.el("output", { class: "clock", title: "the time cursor" });
  const strip = mc.el("div", { class: "overview" });
  const tools = mc.el("div", { class: "tools" }, mc.searchBox(), clock,
    mc.el("span", { class: "group" },
      mc.button("−", "zoom out (-)", () => mc.zoom(2), { "aria-label": "zoom out" }),
      mc.button("+", "zoom in (+)", () => mc.zoom(0.5), { "aria-label": "zoom in" }),
      mc.button("all", "the whole run (0)", mc.showAll)),
    mc.el("span", { class: "group" },
      mc.button("◐", "light or dark (t)", mc.flipTheme, { "aria-label": "light or dark theme" }),
      mc.button("?", "keys and search (?)", () => mc.help(), { "aria-label": "help" })));
  parent.append(tools, strip);
  const canvas = mc.canvas(strip, HIGH, paint, { fixed: true, label: "the whole run: events over time, faults, and the visible part" });
  drag(canvas);
  const tell = () => { const words = mc.when(mc.cursor()); if (clock.textContent !== words) clock.textContent = words; };
  mc.on("cursor", tell);
  mc.on("range", tell);
  tell();
});

/** Zoom about the cursor where it is in sight, else about the middle. */
mc.zoom = function (factor) {
  const [a, b] = mc.range(), c = mc.cursor(), at = c > a && c < b ? c : (a + b) / 2;
  mc.flyTo(at - (at - a) * factor, at + (b - at) * factor);
};
mc.panBy = function (part) {
  const [a, b] = mc.range();
  mc.flyTo(a + (b - a) * part, b + (b - a) * part);
};

const left = 2;
const place = (t, width) => left + (t / mc.data.end) * (width - 2 * left);

let counted = null;
function counts(width) {
  const bins = Math.max(40, Math.floor(width / 2));
  if (counted && counted.length === bins) return counted;
  counted = new Float64Array(bins);
  const { t, length } = mc.data.events;
  for (let row = 0; row < length; row++) counted[Math.min(bins - 1, Math.floor((t[row] / mc.data.end) * bins))]++;
  return counted;
}

function paint(ctx, width, height) {
  const bins = counts(width), most = Math.max(1, ...bins);
  ctx.fillStyle = mc.colour("grid");
  ctx.fillRect(left, height - 1, width - 2 * left, 1);
  for (const fault of mc.data.faults) {
    const a = place(fault.begin, width), b = place(mc.until(fault), width);
    ctx.fillStyle = mc.colour("fault", fault.kind);
    ctx.globalAlpha = 0.28;
    ctx.fillRect(a, 0, Math.max(2, b - a), height);
  }
  ctx.globalAlpha = 0.75;
  ctx.fillStyle = mc.colour("ok");
  ctx.beginPath();
  ctx.moveTo(left, height - 1);
  const step = (width - 2 * left) / bins.length;
  bins.forEach((count, i) => {
    const y = height - 1 - Math.sqrt(count / most) * (height - 10);
    ctx.lineTo(left + i * step, y);
    ctx.lineTo(left + (i + 1) * step, y);
  });
  ctx.lineTo(width - left, height - 1);
  ctx.fill();
  ctx.globalAlpha = 1;
  for (const { t } of mc.model.violations) {
    ctx.fillStyle = mc.colour("bad");
    const x = place(t, width);
    ctx.beginPath();
    ctx.moveTo(x - 4, 0);
    ctx.lineTo(x + 4, 0);
    ctx.lineTo(x, 7);
    ctx.fill();
    ctx.fillRect(x - 0.5, 0, 1, height);
  }
  visible(ctx, width, height);
}

function visible(ctx, width, height) {
  const [a, b] = mc.range().map((t) => Math.max(0, Math.min(width, place(t, width))));
  ctx.fillStyle = mc.colour("page");
  ctx.globalAlpha = 0.62;
  ctx.fillRect(0, 0, a, height);
  ctx.fillRect(b, 0, width - b, height);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = mc.colour("ink");
  ctx.lineWidth = 1.25;
  ctx.strokeRect(a + 0.5, 0.75, Math.max(2, b - a - 1), height - 1.5);
  ctx.fillStyle = mc.colour("cursor");
  ctx.fillRect(place(mc.cursor(), width) - 0.75, 0, 1.5, height);
}

/** Within the visible part the pointer moves it; elsewhere it chooses another. */
function drag(canvas) {
  let held = null;
  const at = (event) => ((event.offsetX - left) / (canvas.clientWidth - 2 * left)) * mc.data.end;
  canvas.addEventListener("pointerdown", (event) => {
    const [a, b] = mc.range(), t = at(event), inside = t > a && t < b && b - a < mc.data.end * 0.98;
    held = { from: t, a, b, inside, x: event.offsetX };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held || Math.abs(event.offsetX - held.x) < 3) return;
    const t = at(event);
    if (held.inside) mc.setRange(held.a + t - held.from, held.b + t - held.from);
    else mc.setRange(Math.min(t, held.from), Math.max(t, held.from));
    held.moved = true;
  });
  canvas.addEventListener("pointerup", (event) => {
    if (held && !held.moved) {
      mc.setCursor(at(event));
      mc.reveal(mc.cursor());
    }
    held = null;
  });
}
