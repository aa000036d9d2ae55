"""Owns the looks of the page, light and dark, and the few lines of script that it has."""

from __future__ import annotations

__all__ = ["CSS", "POLICY", "SCRIPT"]

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"

# Okabe and Ito's colours, darker on white and lighter on black, so that each has contrast.
_LIGHT = ("#0072b2", "#b84f00", "#00795a", "#a04a7d", "#8a6100", "#2f7fb0", "#444444", "#6b6b00")
_DARK = ("#56b4e9", "#ff9d5c", "#2fc79b", "#e79ac6", "#e69f00", "#9ad0f2", "#cccccc", "#f0e442")


def _vars(colours: tuple[str, ...], ink: str, paper: str, soft: str, grid: str) -> str:
    named = "".join(f"--c{n}:{colour};" for n, colour in enumerate(colours))
    return f"{named}--ink:{ink};--paper:{paper};--soft:{soft};--grid:{grid};"


_DAY = _vars(_LIGHT, "#1b1b1b", "#ffffff", "#595959", "#dddddd")
_NIGHT = _vars(_DARK, "#eeeeee", "#16181c", "#a9adb5", "#3a3e46")

CSS = (
    f":root{{color-scheme:light;{_DAY}}}"
    f"@media(prefers-color-scheme:dark){{:root{{color-scheme:dark;{_NIGHT}}}}}"
    f":root[data-theme=light]{{color-scheme:light;{_DAY}}}"
    f":root[data-theme=dark]{{color-scheme:dark;{_NIGHT}}}"
    """
body{margin:0 auto;max-width:60rem;padding:1rem 1.25rem 4rem;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .25rem}
p{margin:.25rem 0}.soft,caption{color:var(--soft)}caption{text-align:left;padding:.25rem 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th:first-child,td:first-child,thead th:nth-child(2),td.words{text-align:left}
tr.out td{color:var(--soft)}
b.bad{border:1px solid;border-radius:3px;padding:0 .3rem}
code,output{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
output{display:block;min-height:1.6em}svg{width:100%;height:auto;display:block}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}svg .mid{text-anchor:middle}
svg .end{text-anchor:end}svg .grid{stroke:var(--grid)}svg .band{fill:var(--soft);fill-opacity:.16}
svg .line{fill:none;stroke-width:1.8}svg .thin{stroke-width:1;opacity:.75}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:.25rem 0}
.legend svg{width:16px;display:inline-block;vertical-align:-2px;margin-right:.3rem}
.run{cursor:pointer}.run:focus{outline:2px solid var(--ink);outline-offset:2px}
.invalid .fill,.fill.invalid{fill-opacity:.15;stroke-width:1.5}
button{font:inherit;color:inherit;background:none;border:1px solid var(--soft);border-radius:4px;
float:right}"""
    + "".join(
        f".c{n}{{stroke:var(--c{n})}}.fill.c{n}{{fill:var(--c{n})}}" for n in range(len(_LIGHT))
    )
)

SCRIPT = """
(function () {
  "use strict";
  const told = document.getElementById("told");
  function tell(event) {
    const point = event.target.closest("[data-command]");
    if (!point || (event.key && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    told.textContent = point.dataset.command;
    // A page from a file may not be allowed to; the text is there to be copied by hand.
    if (navigator.clipboard) navigator.clipboard.writeText(point.dataset.command).catch(() => {});
  }
  document.addEventListener("click", tell);
  document.addEventListener("keydown", tell);
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
})();
"""
