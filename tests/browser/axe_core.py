"""axe-core, the judge of accessibility, from whichever package here brings it along.

https://github.com/dequelabs/axe-core: one script, which `axe-core-python` (the one in the `browser`
extra) and others of PyPI carry, and npm's own package.
"""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("axe_core_python", "axe_playwright_python", "axe_selenium_python")
ABSENT = "axe-core is not installed: pip install -e '.[browser]', or npm install axe-core"


def places():
    for name in PACKAGES:
        spec = find_spec(name)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            yield from Path(folder).rglob("axe.min.js")
    folders = [parent / "node_modules" for parent in (ROOT, *ROOT.parents)]
    if npm := shutil.which("npm"):
        said = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False)
        folders.append(Path(said.stdout.strip() or "/nowhere"))
    yield from (f for folder in folders if (f := folder / "axe-core" / "axe.min.js").is_file())


def version(script):
    """The version in a script's first line, as something that can be compared."""
    numbers = re.search(r"axe v(\d+)\.(\d+)\.(\d+)", script[:200])
    return tuple(map(int, numbers.groups())) if numbers else (0, 0, 0)


def script():
    """The newest one here, or nothing."""
    found = [place.read_text("utf-8") for place in places()]
    return max(found, key=version, default=None)


JUDGE = """
axe.run(document, {resultTypes: ["violations"]}).then((said) => said.violations.map((one) => ({
  rule: one.id,
  impact: one.impact,
  help: one.help,
  where: one.nodes.slice(0, 5).map((node) => node.target.join(" ") + ": " + node.failureSummary),
})))
"""


def judged(page, source):
    """What axe finds in a page: [{rule, impact, help, where}]."""
    page.value(f"{source}\n;0")
    return page.value(JUDGE)


def grave(found):
    """What a reader who does not see, or uses no mouse, can't work with."""
    return [one for one in found if one["impact"] in ("serious", "critical")]
