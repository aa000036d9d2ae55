// Owns small helpers for elements and words. User data becomes text nodes and attributes, never markup.

/** An element: attributes by name, `class` and `data-*` included; a function is a listener (`onclick`). */
mc.el = function (tag, attrs, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs || {})) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, name.startsWith("aria-") ? "true" : "");
    else if ((value !== false || name.startsWith("aria-")) && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
};

/** A duration in words, three digits of it: 850 ns, 1.25 ms, 43 s. */
mc.ms = function (ns) {
  const size = Math.abs(ns);
  if (size < 1e3) return `${Math.round(ns)} ns`;
  for (const [unit, name] of [[1e3, "µs"], [1e6, "ms"]]) {
    if (size < unit * 999.5) return `${digits(ns / unit)} ${name}`;
  }
  if (size < 120e9) return `${digits(ns / 1e9)} s`;
  return size < 7200e9 ? `${digits(ns / 60e9)} min` : `${digits(ns / 3600e9)} h`;
};

function digits(value) {
  return String(Number(value.toPrecision(Math.abs(value) >= 100 ? 4 : 3)));
}

/** A moment of the run, in seconds; as exact as the visible range needs, or `places` decimals. */
mc.when = function (ns, places) {
  const [from, to] = mc.range ? mc.range() : [0, 1e9];
  const needed = Math.ceil(Math.log10(1e9 / Math.max(1, to - from))) + 3;
  const shown = places === undefined ? Math.max(1, Math.min(9, needed)) : places;
  return `${(ns / 1e9).toFixed(shown)} s`;
};

/** Seconds with every digit that matters and none else: for permalinks. */
mc.exact = (ns) => String(Number((ns / 1e9).toFixed(9)));

mc.count = (number, one, many) => `${number.toLocaleString("en-US")} ${number === 1 ? one : many || one + "s"}`;

/** A button whose title names its key. */
mc.button = (words, title, act, attrs) =>
  mc.el("button", { type: "button", title, onclick: act, ...attrs }, words);

/** A button that copies a text; where the browser forbids it, the text is selected instead. */
mc.copy = function (text, beside) {
  const button = mc.button("copy", `Copy: ${text}`, async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(beside);
      document.execCommand("copy");
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  }, { class: "small" });
  return button;
};

/** Say something to those who listen rather than look. */
mc.say = (words) => { document.getElementById("live").textContent = words; };

const bubble = mc.el("div", { id: "tip", role: "tooltip", hidden: true });
/** Shows lines of text beside a point of the window, the first one strong; without arguments hides them. */
mc.tip = function (x, y, lines) {
  bubble.hidden = !lines || !lines.length;
  if (bubble.hidden) return;
  if (!bubble.isConnected) document.body.append(bubble);
  bubble.replaceChildren(...lines.map((line, i) => mc.el(i ? "div" : "strong", null, line)));
  const box = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  bubble.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
};

const sections = [];
/** Registers what fills a section; called once, after decoding, with the `<div>` below its heading. */
mc.section = (name, fill) => { sections.push([name, fill]); };
mc.sections = (name) => sections.filter(([of]) => of === name).map(([, fill]) => fill);
