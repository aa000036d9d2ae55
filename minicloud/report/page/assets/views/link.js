// Owns permalinks: what is looked at as the fragment of the address, both ways.

let written = "";
let wait = 0;

function fragment() {
  const parts = [`t=${mc.exact(mc.cursor())}`], chosen = mc.selection(), [a, b] = mc.range();
  if (chosen.event !== undefined) parts.push(`e=${mc.data.events.number[chosen.event]}`);
  if (chosen.message !== undefined) parts.push(`m=${encodeURIComponent(mc.messageId(chosen.message))}`);
  if (chosen.operation !== undefined) parts.push(`o=${encodeURIComponent(mc.text(mc.data.operations.name[chosen.operation]))}`);
  if (mc.query) parts.push(`q=${encodeURIComponent(mc.query)}`);
  if (b - a < mc.data.end * 1.01) parts.push(`r=${mc.exact(Math.max(0, a))}-${mc.exact(b)}`);
  if (mc.opts.logical) parts.push("l=1");
  return `#${parts.join("&")}`;
}

mc.writeLink = function () {
  clearTimeout(wait);
  wait = setTimeout(() => {
    written = fragment();
    history.replaceState(null, "", written);
  }, 250);
};

/** Do what the address says; an event alone brings its surroundings. Gives whether it said anything. */
mc.readLink = function () {
  const said = new Map(location.hash.slice(1).split("&").map((part) => {
    const cut = part.indexOf("=");
    return [part.slice(0, cut), safe(part.slice(cut + 1))];
  }));
  if (![..."temoqrl"].some((name) => said.has(name))) return false;
  if (said.has("l") !== mc.opts.logical) mc.toggle("logical");
  mc.search(said.get("q") || "");
  const range = /^([\d.]+)-([\d.]+)$/.exec(said.get("r") || "");
  const t = Number(said.get("t") ?? NaN) * 1e9;
  if (Number.isFinite(t)) mc.setCursor(t);
  const chosen = choose(said);
  mc.select(chosen);
  if (!Number.isFinite(t)) mc.setCursor(moment(chosen) ?? mc.cursor());
  if (range) mc.setRange(Number(range[1]) * 1e9, Number(range[2]) * 1e9);
  else if (Object.keys(chosen).length) near(chosen);
  return true;
};

function safe(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a fragment cut short in a mail is still worth something
  }
}

function choose(said) {
  const { events, messages, operations } = mc.data;
  const event = said.has("e") ? mc.row(Number(said.get("e"))) : -1;
  if (event >= 0 && event < events.length) return { event };
  for (let m = 0; said.has("m") && m < messages.length; m++) if (mc.messageId(m) === said.get("m")) return { message: m };
  for (let op = 0; said.has("o") && op < operations.length; op++) if (mc.text(operations.name[op]) === said.get("o")) return { operation: op };
  return {};
}

function moment({ event, message, operation }) {
  if (event !== undefined) return mc.data.events.t[event];
  if (message !== undefined) return mc.data.messages.sent[message];
  return operation !== undefined ? mc.data.operations.start[operation] : undefined;
}

function near(chosen) {
  const t = moment(chosen);
  if (chosen.operation !== undefined) return mc.follow();
  const sight = Math.min(mc.data.end, Math.max(mc.data.end / 200, 4e6));
  mc.setRange(t - sight / 2, t + sight / 2);
}

mc.copyLink = async function () {
  written = fragment();
  history.replaceState(null, "", written);
  try {
    await navigator.clipboard.writeText(location.href);
    mc.say("Link copied");
  } catch {
    mc.say("The link is in the address bar");
  }
};

addEventListener("hashchange", () => {
  if (mc.data && location.hash !== written) mc.readLink();
});
