// Owns tables behind pictures: the same facts for eyes that prefer rows, for keyboards and screen readers.

const ROW = 26;
const SHOWN = 360;
let made = 0;

/**
 * A closed `<details>` with a table; only the rows in sight exist as elements.
 *
 * `rows` is an array of arrays of texts, or `{length, at(i)}`; `onRow(i)` is called on a click or
 * Enter. Gives the element; its `.show(rows)` takes other rows, its `.reach(i)` scrolls to one.
 */
mc.table = function (parent, { caption, columns, rows, onRow, open }) {
  const id = `table-${++made}`;
  let list = rows, first = -1, active = 0;
  const body = mc.el("tbody"), above = mc.el("tr", { "aria-hidden": "true" }), below = above.cloneNode();
  const head = mc.el("tr", { role: "row", "aria-rowindex": "1" },
    columns.map((name) => mc.el("th", { role: "columnheader", scope: "col" }, name)));
  const grid = mc.el("table", { role: "grid", "aria-label": caption, id, tabindex: "0" },
    mc.el("thead", { role: "rowgroup" }, head), body);
  body.setAttribute("role", "rowgroup");
  const port = mc.el("div", { class: "port" }, grid);
  const count = mc.el("span", { class: "muted" });
  const box = mc.el("details", { class: "twin", open: Boolean(open) },
    mc.el("summary", null, caption, " ", count), port);
  const at = (i) => (list.at && !Array.isArray(list) ? list.at(i) : list[i]);

  function draw(force) {
    if (!box.open) return;
    const from = Math.max(0, Math.floor(port.scrollTop / ROW) - 6);
    if (from === first && !force) return;
    first = from;
    const to = Math.min(list.length, from + Math.ceil(SHOWN / ROW) + 14), lines = [];
    for (let i = from; i < to; i++) lines.push(line(i));
    above.style.height = `${from * ROW}px`;
    below.style.height = `${Math.max(0, list.length - to) * ROW}px`;
    body.replaceChildren(above, ...lines, below);
    point();
  }
  function line(i) {
    const row = mc.el("tr", { role: "row", id: `${id}-${i}`, "aria-rowindex": i + 2, "aria-selected": i === active },
      at(i).map((cell) => mc.el("td", { role: "gridcell" }, String(cell ?? ""))));
    row.addEventListener("click", () => { active = i; draw(true); if (onRow) onRow(i); });
    return row;
  }
  function point() {
    if (document.getElementById(`${id}-${active}`)) grid.setAttribute("aria-activedescendant", `${id}-${active}`);
    else grid.removeAttribute("aria-activedescendant");
  }
  function move(to) {
    active = Math.max(0, Math.min(list.length - 1, to));
    const top = active * ROW;
    if (top < port.scrollTop + ROW) port.scrollTop = Math.max(0, top - ROW);
    else if (top > port.scrollTop + SHOWN - 2 * ROW) port.scrollTop = top - SHOWN + 3 * ROW;
    draw(true);
  }
  grid.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12, Home: -1e9, End: 1e9 }[event.key];
    if (by) move(active + by);
    else if (event.key === "Enter" && onRow && list.length) onRow(active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  port.addEventListener("scroll", () => draw(false), { passive: true });
  box.addEventListener("toggle", () => draw(true));
  box.show = (other) => {
    list = other;
    active = Math.max(0, Math.min(active, list.length - 1));
    grid.setAttribute("aria-rowcount", list.length + 1);
    count.textContent = mc.count(list.length, "row");
    draw(true);
  };
  box.reach = move;
  parent.append(box);
  box.show(rows);
  return box;
};
