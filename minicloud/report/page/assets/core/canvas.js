// Owns canvases that share one axis of time: their sharpness, redrawing, panning and zooming.

mc.MARGIN = 124;
mc.RIGHT = 14;
mc.FONT = "11px system-ui, sans-serif";

/** Pixels of a moment, and the moment at a pixel, on a canvas of a width. */
mc.x = function (t, width) {
  const [from, to] = mc.range();
  return mc.MARGIN + ((t - from) / (to - from)) * (width - mc.MARGIN - mc.RIGHT);
};
mc.t = function (x, width) {
  const [from, to] = mc.range();
  return from + ((x - mc.MARGIN) / (width - mc.MARGIN - mc.RIGHT)) * (to - from);
};

/** Zoom by a factor about a pixel; drag by pixels. Pictures with another axis bring their own. */
const time = {
  zoom(factor, x, width) {
    const [from, to] = mc.range(), at = mc.t(Math.max(mc.MARGIN, Math.min(x, width - mc.RIGHT)), width);
    mc.setRange(at - (at - from) * factor, at + (to - at) * factor);
  },
  pan(dx, width) {
    const [from, to] = mc.range(), by = (dx / (width - mc.MARGIN - mc.RIGHT)) * (to - from);
    mc.setRange(from + by, to + by);
  },
  at: (x, width) => mc.t(x, width),
};

/**
 * A canvas as wide as its parent that is drawn again when something shared has changed.
 *
 * `draw(ctx, width, height)` works in CSS pixels. Options: `label` (what a screen reader says),
 * `onClick(x, y, event)`, `onMove(x, y, event)` (true if something lies there), `axis` (another
 * `zoom`, `pan` and `at`), `fixed` (neither pans nor zooms), `on` (what it is drawn again for).
 */
mc.canvas = function (parent, height, draw, options) {
  const given = options || {};
  const canvas = mc.el("canvas", { role: "img", "aria-label": given.label || "chart", tabindex: "-1" });
  const ctx = canvas.getContext("2d");
  let wide = 0, tall = height, asked = false, seen = true, stale = true;
  canvas.height_ = () => tall;
  canvas.setHeight = (to) => { tall = to; size(); };
  canvas.redraw = () => {
    stale = true;
    if (asked || !seen) return;
    asked = true;
    requestAnimationFrame(paint);
  };
  function size() {
    const ratio = devicePixelRatio || 1;
    wide = Math.max(240, parent.clientWidth);
    canvas.style.height = `${tall}px`;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(tall * ratio);
    canvas.redraw();
  }
  function paint() {
    asked = false;
    if (!stale || !seen) return;
    stale = false;
    const ratio = devicePixelRatio || 1;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, wide, tall);
    ctx.font = mc.FONT;
    draw(ctx, wide, tall);
  }
  parent.append(canvas);
  new ResizeObserver(() => { if (parent.clientWidth !== wide) size(); }).observe(parent);
  // What nobody sees is not drawn: a page has a dozen canvases, and one of them is being panned.
  new IntersectionObserver((entries) => {
    seen = entries[entries.length - 1].isIntersecting;
    if (seen && stale) canvas.redraw();
  }, { rootMargin: "100px" }).observe(canvas);
  for (const what of given.on || ["range", "cursor", "theme", "select", "filter", "view"]) mc.on(what, canvas.redraw);
  if (!given.fixed) gestures(canvas, given, () => wide);
  size();
  return canvas;
};

let hinted = false;
function gestures(canvas, given, width) {
  const axis = given.axis || time;
  let held = null;
  canvas.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    const meant = event.ctrlKey || event.metaKey || document.activeElement === canvas;
    // A page that cannot be scrolled past a picture is a trap.
    if (!sideways && !meant) {
      if (!hinted) mc.tip(event.clientX, event.clientY, ["Ctrl + wheel zooms; so does the wheel after a click"]);
      hinted = true;
      return;
    }
    event.preventDefault();
    if (sideways) axis.pan(event.deltaX || event.deltaY, width());
    else axis.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004), event.offsetX, width());
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    held = { x: event.offsetX, last: event.offsetX, moved: false, brush: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) {
      const found = given.onMove && given.onMove(event.offsetX, event.offsetY, event);
      canvas.style.cursor = found ? "pointer" : "";
      return;
    }
    if (!held.moved && Math.abs(event.offsetX - held.x) < 4) return;
    held.moved = true;
    mc.tip();
    if (!held.brush) axis.pan(held.last - event.offsetX, width());
    held.last = event.offsetX;
  });
  canvas.addEventListener("pointerup", (event) => {
    const was = held;
    held = null;
    if (!was) return;
    if (was.moved && was.brush) {
      const ends = [axis.at(was.x, width()), axis.at(event.offsetX, width())].sort((a, b) => a - b);
      mc.flyTo(ends[0], ends[1]);
    } else if (!was.moved) {
      canvas.focus({ preventScroll: true });
      if (given.onClick) given.onClick(event.offsetX, event.offsetY, event);
      else mc.setCursor(axis.at(event.offsetX, width()));
    }
  });
  canvas.addEventListener("pointerleave", () => { if (!held) mc.tip(); });
  canvas.addEventListener("dblclick", (event) => axis.zoom(event.shiftKey ? 4 : 0.25, event.offsetX, width()));
}

mc.until = (fault) => (fault.end === null || fault.end === undefined ? mc.data.end : fault.end);

/** Bands of all faults in sight, from top to bottom of a picture. */
mc.bands = function (ctx, width, height) {
  const left = mc.MARGIN, right = width - mc.RIGHT;
  for (const fault of mc.data.faults) {
    const a = Math.max(left, mc.x(fault.begin, width)), b = Math.min(right, mc.x(mc.until(fault), width));
    if (b < left || a > right) continue;
    ctx.fillStyle = mc.colour("fault", fault.kind);
    ctx.globalAlpha = mc.dark() ? 0.16 : 0.1;
    ctx.fillRect(a, 0, Math.max(1.5, b - a), height);
    ctx.globalAlpha = 0.55;
    if (a > left) ctx.fillRect(a, 0, 1, height);
    if (b < right) ctx.fillRect(b - 1, 0, 1, height);
    ctx.globalAlpha = 1;
  }
};

mc.cursorLine = function (ctx, width, height) {
  const x = Math.round(mc.x(mc.cursor(), width)) + 0.5;
  if (x < mc.MARGIN - 1 || x > width - mc.RIGHT + 1) return;
  ctx.strokeStyle = mc.colour("cursor");
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 3]);
  ctx.beginPath();
  ctx.moveTo(x, 0);
  ctx.lineTo(x, height);
  ctx.stroke();
  ctx.setLineDash([]);
};

/** Round steps of 1, 2 or 5, about one for every `room` pixels. */
mc.ticks = function (from, to, pixels, room) {
  const least = ((to - from) * room) / Math.max(1, pixels), power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((by) => by * power).find((size) => size >= least);
  const found = [];
  for (let i = Math.ceil(from / step); i * step <= to; i++) found.push(i * step);
  return { step, found };
};

/** The axis of time with its labels below `y`, and faint lines above it. */
mc.axis = function (ctx, width, y) {
  const [from, to] = mc.range(), right = width - mc.RIGHT;
  const { step, found } = mc.ticks(from, to, right - mc.MARGIN, 96);
  const places = Math.max(0, Math.min(9, Math.ceil(9 - Math.log10(step) - 1e-9)));
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const t of found) {
    const x = Math.round(mc.x(t, width)) + 0.5;
    ctx.fillStyle = mc.colour("grid");
    ctx.fillRect(x - 0.5, 0, 1, y);
    ctx.fillStyle = mc.colour("muted");
    if (x < right - 12) ctx.fillText(`${(t / 1e9).toFixed(places)} s`, x, y + 4);
  }
  ctx.fillStyle = mc.colour("line");
  ctx.fillRect(mc.MARGIN, y, right - mc.MARGIN, 1);
};
