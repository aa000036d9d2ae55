// Owns the geometry of the space-time diagram: where a lane lies, and where a moment or an event lies on it.

const st = mc.st = { rows: [], top: 0, bottom: 0, height: 300, width: 600 };
const AXIS = 24;
const TRACK = 18;
const FOLDED = 11;

/** Stack the lanes; folded ones, and quiet ones where these are to be folded, become a thin line. */
st.lay = function () {
  const lanes = mc.data.lanes, folded = lanes.map((_, lane) => st.folded(lane));
  const open = folded.filter((is) => !is).length || 1;
  const room = Math.max(360, Math.min(660, innerHeight * 0.66));
  const pitch = Math.max(26, Math.min(66, room / open));
  let y = st.top = 8 + st.trackRows() * TRACK;
  st.rows = [];
  st.order().forEach((lane) => {
    const tall = folded[lane] ? FOLDED : pitch;
    st.rows[lane] = { lane, y: y + tall / 2, tall, folded: folded[lane] };
    y += tall;
  });
  st.bottom = y + 4;
  st.height = st.bottom + AXIS;
};

st.folded = (lane) => mc.opts.folded[lane] ?? (mc.opts.quiet && st.isQuiet(lane));
st.isQuiet = function (lane) {
  const [a, b] = mc.range(), times = mc.model.times[lane];
  return mc.lower(times, a) === mc.lower(times, b);
};

/** The order of lanes: as given, or the sides of the partition nearest to the cursor together. */
st.order = function () {
  const all = mc.data.lanes.map((_, lane) => lane);
  const groups = mc.opts.sides ? (st.partition() || {}).groups : null;
  if (!groups) return all;
  const side = (lane) => { const at = groups.findIndex((group) => group.includes(lane)); return at < 0 ? 99 : at; };
  return all.sort((one, two) => side(one) - side(two) || one - two);
};

st.partition = function () {
  const split = mc.data.faults.filter((fault) => fault.groups && fault.groups.length > 1);
  return split.find((fault) => fault.begin <= mc.cursor() && mc.cursor() < mc.until(fault)) || split[0];
};

/** The lane at a height, or undefined. */
st.laneAt = (y) => st.rows.find((row) => row && Math.abs(y - row.y) <= row.tall / 2);

/** Faults in as many rows as overlap, at most four. */
st.trackRows = function () {
  const ends = [];
  st.track = mc.data.faults.map((fault) => {
    let row = ends.findIndex((end) => end <= fault.begin);
    if (row < 0) row = Math.min(3, ends.length);
    ends[row] = Math.max(ends[row] || 0, mc.until(fault));
    return row;
  });
  return ends.length;
};
st.trackY = (fault) => 4 + st.track[fault] * TRACK;

/** The logical time of a moment: between two events it moves evenly. */
function logical(t) {
  const times = mc.data.events.t, high = mc.model.high, count = times.length;
  const next = mc.lower(times, t);
  const b = next < count ? high[next] : (high[count - 1] || 0) + 1;
  const a = next > 0 ? high[next - 1] : 0;
  const from = next > 0 ? times[next - 1] : 0, to = next < count ? times[next] : mc.data.end + 1;
  return a + (b - a) * Math.max(0, Math.min(1, (t - from) / Math.max(1, to - from)));
}

function moment(l) {
  const times = mc.data.events.t, high = mc.model.high, count = times.length;
  const next = mc.lower(high, l);
  const b = next < count ? times[next] : mc.data.end, a = next > 0 ? times[next - 1] : 0;
  const from = next > 0 ? high[next - 1] : 0, to = next < count ? high[next] : from + 1;
  return a + (b - a) * Math.max(0, Math.min(1, (l - from) / Math.max(1e-9, to - from)));
}

/** Fix what this frame needs: the visible rows, and the scale. */
st.frame = function (width) {
  const [a, b] = mc.range();
  st.width = width;
  st.left = mc.MARGIN;
  st.right = width - mc.RIGHT;
  st.from = mc.lower(mc.data.events.t, a);
  st.to = mc.lower(mc.data.events.t, b + 1);
  const span = st.right - st.left;
  if (mc.opts.logical) {
    // A step of air at both ends: an event at the very edge is still to be seen.
    const l0 = logical(a) - 0.5, l1 = Math.max(l0 + 4, logical(b) + 1);
    st.scale = { l0, l1, by: span / (l1 - l0) };
  } else {
    st.scale = { t0: a, by: span / (b - a) };
  }
  st.dense = st.to - st.from > 3 * span;
};

/** Pixels of an event. */
st.ex = function (row) {
  if (mc.opts.logical) return st.left + (mc.model.logical[row] - st.scale.l0) * st.scale.by;
  return st.left + (mc.data.events.t[row] - st.scale.t0) * st.scale.by;
};

/** The same as numbers, for loops over all events: `(clock[row] - zero) * by` is the number of a bin. */
st.bins = (wide) => (mc.opts.logical ? { clock: mc.model.logical, zero: st.scale.l0, by: st.scale.by / wide }
  : { clock: mc.data.events.t, zero: st.scale.t0, by: st.scale.by / wide });

/** Pixels of a moment on a lane: in logical time each lane has its own clock. */
st.tx = function (lane, t) {
  if (!mc.opts.logical) return st.left + (t - st.scale.t0) * st.scale.by;
  if (lane < 0) return st.left + (logical(t) - st.scale.l0) * st.scale.by;
  const rows = mc.model.rows[lane], times = mc.model.times[lane], clock = mc.model.logical;
  const next = mc.lower(times, t);
  if (next < rows.length && times[next] === t) return st.ex(rows[next]);
  const a = next > 0 ? clock[rows[next - 1]] : 0;
  const b = next < rows.length ? clock[rows[next]] : Math.max(a + 1, logical(t));
  const from = next > 0 ? times[next - 1] : 0, to = next < rows.length ? times[next] : Math.max(t, from + 1);
  const at = a + (b - a) * ((t - from) / Math.max(1, to - from));
  return st.left + (at - st.scale.l0) * st.scale.by;
};
/** The same, within the picture. */
st.cx = (lane, t) => Math.max(st.left, Math.min(st.right, st.tx(lane, t)));

/** The moment at a pixel. */
st.at = function (x, width) {
  if (!mc.opts.logical) return mc.t(x, width);
  st.frame(width);
  return moment(st.scale.l0 + (x - st.left) / st.scale.by);
};

/** Panning and zooming in logical time, turned into a range of real time for everybody else. */
st.axis = {
  at: st.at,
  zoom(factor, x, width) {
    st.frame(width);
    if (!mc.opts.logical) {
      const [a, b] = mc.range(), at = mc.t(Math.max(st.left, Math.min(x, st.right)), width);
      return mc.setRange(at - (at - a) * factor, at + (b - at) * factor);
    }
    const at = st.scale.l0 + (x - st.left) / st.scale.by;
    mc.setRange(moment(at - (at - st.scale.l0) * factor), moment(at + (st.scale.l1 - at) * factor));
  },
  pan(dx, width) {
    st.frame(width);
    const [a, b] = mc.range();
    if (!mc.opts.logical) return mc.setRange(a + dx / st.scale.by, b + dx / st.scale.by);
    mc.setRange(moment(st.scale.l0 + dx / st.scale.by), moment(st.scale.l1 + dx / st.scale.by));
  },
};

/** The axis below the lanes; in logical time its labels are the real moments of logical steps. */
st.drawAxis = function (ctx) {
  if (!mc.opts.logical) return mc.axis(ctx, st.width, st.bottom);
  const { found } = mc.ticks(st.scale.l0, st.scale.l1, st.right - st.left, 110);
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  let before = "";
  for (const l of found) {
    const x = Math.round(st.left + (l - st.scale.l0) * st.scale.by) + 0.5;
    ctx.fillStyle = mc.colour("grid");
    ctx.fillRect(x - 0.5, st.top, 1, st.bottom - st.top);
    ctx.fillStyle = mc.colour("muted");
    // Steps of one moment: more digits tell them apart, unless it is the very same.
    const words = mc.when(moment(l)) === before ? mc.when(moment(l), 6) : mc.when(moment(l));
    if (x < st.right - 24) ctx.fillText(words, x, st.bottom + 5);
    before = words;
  }
  ctx.fillStyle = mc.colour("line");
  ctx.fillRect(st.left, st.bottom, st.right - st.left, 1);
};
