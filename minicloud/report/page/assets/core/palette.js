// Owns colours and shapes: hues of Okabe and Ito (2008), darkened on white until graphics reach 3:1.

const LIGHT = {
  page: "#f6f6f3", paper: "#ffffff", ink: "#1b1e22", muted: "#5a6069", grid: "#e4e5e2", line: "#b9bdc2",
  ok: "#0072b2", fail: "#b0487f", unknown: "#a86e00", drop: "#c94f00", bad: "#c62f00", good: "#00795a",
  cursor: "#1b1e22", past: "#0072b2", future: "#b0487f", other: "#8a9097",
};
const DARK = {
  page: "#14161a", paper: "#1b1e23", ink: "#eceef0", muted: "#a3aab3", grid: "#2a2e35", line: "#4a5059",
  ok: "#56b4e9", fail: "#e790bf", unknown: "#f0b23e", drop: "#ff7f3a", bad: "#ff6b4a", good: "#2fc79a",
  cursor: "#eceef0", past: "#56b4e9", future: "#e790bf", other: "#7d858f",
};
const KINDS = {
  light: ["#0072b2", "#00855f", "#8b5fbf", "#2a93c9", "#b87a00", "#b0568a", "#7d7a00", "#6b7280"],
  dark: ["#6db8ee", "#2fc79a", "#b79be8", "#8fd3f5", "#f0b23e", "#e790bf", "#f0e442", "#9aa3ad"],
};
// One hue for each sort of trouble; what has none of its own looks like "slow".
const FAULTS = {
  light: { partition: "#8b5fbf", cut: "#8b5fbf", down: "#5a6069", crash: "#5a6069", pause: "#a86e00", slow: "#b87a00" },
  dark: { partition: "#b79be8", cut: "#b79be8", down: "#a3aab3", crash: "#a3aab3", pause: "#f0b23e", slow: "#e69f00" },
};
const OUTCOMES = ["ok", "fail", "unknown"];
let dark = false;
let kinds = null;

mc.dark = () => dark;
mc.outcome = (code) => OUTCOMES[code] || "unknown";

/** A colour by its purpose; "kind" takes the kind of a message, "fault" that of a fault, "side" and "hue" a number. */
mc.colour = function (purpose, name) {
  if (purpose === "kind") {
    kinds ||= byFrequency();
    return KINDS[dark ? "dark" : "light"][Math.min(7, kinds.get(name) ?? 7)];
  }
  if (purpose === "hue") return KINDS[dark ? "dark" : "light"][[1, 4, 2, 5, 3, 6, 0][name % 7]];
  if (purpose === "side") return KINDS[dark ? "dark" : "light"][[2, 1, 5, 3][name % 4]];
  const faults = FAULTS[dark ? "dark" : "light"];
  if (purpose === "fault") return faults[name] || (/partition|isolate/.test(name) ? faults.cut : faults.slow);
  return (dark ? DARK : LIGHT)[purpose] || (dark ? DARK : LIGHT).ink;
};

mc.kinds = () => [...(kinds ||= byFrequency()).keys()];

function byFrequency() {
  const count = new Map();
  for (const kind of mc.data.messages.kind) count.set(kind, (count.get(kind) || 0) + 1);
  const sorted = [...count].sort((one, two) => two[1] - one[1]);
  return new Map(sorted.map(([kind], place) => [mc.text(kind), place]));
}

/** Okabe and Ito's advice, kept: no outcome is told by its colour alone (ok ●, unknown ◆, fail ✖, drop ⤫). */
mc.mark = function (ctx, outcome, x, y, size) {
  const r = size / 2;
  ctx.beginPath();
  if (outcome === "ok") {
    ctx.arc(x, y, r * 0.9, 0, 7);
    ctx.fill();
  } else if (outcome === "unknown") {
    ctx.moveTo(x, y - r * 1.15);
    ctx.lineTo(x + r * 1.15, y);
    ctx.lineTo(x, y + r * 1.15);
    ctx.lineTo(x - r * 1.15, y);
    ctx.fill();
  } else {
    const wide = ctx.lineWidth, reach = r * (outcome === "drop" ? 0.8 : 0.9);
    ctx.lineWidth = Math.max(1.6, size / (outcome === "drop" ? 5 : 3.2));
    ctx.moveTo(x - reach, y - reach);
    ctx.lineTo(x + reach, y + reach);
    ctx.moveTo(x + reach, y - reach);
    ctx.lineTo(x - reach, y + reach);
    ctx.stroke();
    ctx.lineWidth = wide;
  }
};

const system = matchMedia("(prefers-color-scheme: dark)");
/** "light", "dark", or nothing for what the system says. */
mc.theme = function (wanted) {
  const root = document.documentElement;
  if (wanted) root.dataset.theme = wanted;
  dark = (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  root.classList.toggle("dark", dark);
  mc.emit("theme");
};
mc.flipTheme = () => mc.theme(dark ? "light" : "dark");
system.addEventListener("change", () => mc.theme());
