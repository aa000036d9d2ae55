// Owns the cards of the nodes at the cursor: up or not, what they show, what just changed, what is on its way to them.

const FEW = 4;

mc.section("nodes", (parent) => {
  const head = mc.el("p", { class: "muted" }), cards = mc.el("div", { class: "cards" });
  parent.append(head, cards);
  const lanes = mc.data.lanes.map((_, lane) => lane).filter((lane) => mc.data.lanes[lane].kind !== "client" || mc.model.states[lane].length);
  if (!lanes.length) return head.append("This run has no nodes.");
  let seen = true, asked = false, stale = true;
  const draw = () => {
    asked = false;
    if (!seen || !stale) return;
    stale = false;
    const flying = underWay(mc.cursor());
    head.textContent = `At ${mc.when(mc.cursor())}. Arrow keys move the view; j and k step from event to event.`;
    cards.replaceChildren(...lanes.map((lane) => card(lane, flying)));
  };
  const ask = () => { stale = true; if (!asked) { asked = true; requestAnimationFrame(draw); } };
  new IntersectionObserver((entries) => { seen = entries[entries.length - 1].isIntersecting; if (seen) ask(); }, { rootMargin: "200px" }).observe(parent);
  mc.on("cursor", ask);
  draw();
});

/** Messages on their way at a moment, by the lane that they are for. */
function underWay(t) {
  const { sent, took, to } = mc.data.messages, found = new Map(), end = mc.lower(sent, t + 1);
  for (let m = 0; m < end; m++) {
    // A message that a cut stopped at once was never on its way.
    if (to[m] < 0 || (took[m] >= 0 && sent[m] + took[m] <= t) || took[m] === 0) continue;
    if (!found.has(to[m])) found.set(to[m], []);
    found.get(to[m]).push(m);
  }
  return found;
}

function card(lane, flying) {
  const t = mc.cursor(), { name, zone, service } = mc.data.lanes[lane], gap = mc.gapAt(lane, t);
  const last = lastEvent(lane, t), status = gap ? (gap.kind === "paused" ? "paused" : "down") : "up";
  const box = mc.el("article", { class: `card ${status}` },
    mc.el("h3", null, mc.el("span", { class: `light ${status}`, "aria-hidden": "true" }, { up: "●", down: "✖", paused: "❚❚" }[status]), ` ${name} `,
      mc.el("span", { class: "muted" }, [status, gap?.reason, zone, service].filter(Boolean).join(" · "))),
    state(lane, t, gap));
  const coming = flying.get(lane) || [];
  if (coming.length) {
    box.append(mc.el("div", { class: "muted" }, `${mc.count(coming.length, "message")} on the way to it`),
      mc.el("ul", { class: "flying" }, coming.slice(0, FEW).map((m) => mc.el("li", null,
        mc.button(mc.messageWords(m), "Choose this message", () => mc.select({ message: m }), { class: "link" })))));
  }
  if (last >= 0) {
    box.append(mc.el("div", { class: "last" }, mc.button(`${mc.ms(t - mc.data.events.t[last])} ago`, "Go to this event", () => mc.goTo(last), { class: "jump" }), ` ${mc.eventWords(last)}`));
  }
  return box;
}

function lastEvent(lane, t) {
  const rows = mc.model.rows[lane];
  return rows[mc.lower(mc.model.times[lane], t + 1) - 1] ?? -1;
}

/** What a node shows; what its last change touched is marked, with what it was before. */
function state(lane, t, gap) {
  const { shown, last } = mc.stateAt(lane, t);
  if (!mc.model.states[lane].length) return mc.el("div", { class: "muted" }, "shows nothing of itself");
  if (gap && gap.kind !== "paused") return mc.el("div", { class: "muted" }, "what was in its memory is gone");
  if (!shown.size) return mc.el("div", { class: "muted" }, "has shown nothing yet");
  return mc.el("dl", null, [...shown].map(([key, { value, t: at, was }]) => {
    const fresh = at === last && was !== value;
    return [mc.el("dt", null, mc.text(key)),
      mc.el("dd", fresh ? { class: "fresh" } : null, fresh && was !== undefined ? [mc.el("s", null, mc.text(was)), " → "] : "",
        mc.text(value), fresh ? mc.el("small", null, ` ${mc.ms(t - at)} ago`) : "")];
  }));
}
