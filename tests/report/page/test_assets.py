"""The page's program and style: small, with no way to the network or from text to markup."""

import base64
import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import minicloud.report.page as room
from minicloud.report.page.assembly import assembled, packed

ASSETS = Path(room.__file__).parent / "assets"
APART = {"page.html", "manifest.txt", "loader.js"}  # the frame, the list, and what unpacks the rest
MOST_IN_PAGE = 100_000
MOST_LINES = 300

# The name of SVG is an address that nobody visits.
FORBIDDEN = {
    r"\b(inner|outer)HTML\b": "text would become markup",
    r"\binsertAdjacentHTML\b": "text would become markup",
    r"\bdocument\.write\b": "text would become markup",
    r"\bDOMParser\b|\bcreateContextualFragment\b": "text would become markup",
    r"\beval\s*\(|\bnew\s+Function\b": "text would become program",
    r"\bset(Timeout|Interval)\(\s*[\"'`]": "text would become program",
    r"\bfetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b|\bEventSource\b|\bsendBeacon\b": "a request",
    r"\bimport\s*\(|^\s*import\b|@import|\bimportScripts\b": "a request",
    r"https?:(?!//www\.w3\.org/2000/svg\b)|\burl\s*\(": "a request",
    r"\bMath\.random\b|\bDate\b": "two readers would see two pages",
}


def listed():
    lines = (ASSETS / "manifest.txt").read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def sources():
    """Every program and style of the page, the loader's too, by name."""
    names = [*listed(), *(name for name in sorted(APART) if name.endswith(".js"))]
    return {name: (ASSETS / name).read_text("utf-8") for name in names}


def broken_rules(text):
    """(line, why) for whatever the page must not do."""
    return [
        (number, why)
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern, why in FORBIDDEN.items()
        if re.search(pattern, line)
    ]


def code_of(page):
    """The style and the program of a page, as they stand in it: bytes."""
    text = page.decode()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    scripts = re.findall(r"<script(?: id=\"code\"[^>]*)?>(.*?)</script>", text, re.DOTALL)
    return style, scripts


def test_every_file_is_in_the_manifest_and_nothing_else():
    there = {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*.*") if path.is_file()}
    names = listed()
    assert there - APART == set(names)
    assert len(names) == len(set(names))
    assert names[-1] == "main.js"  # the beginning comes when everything is known


def test_no_source_leads_to_the_network_or_makes_markup_of_text():
    found = [
        f"{name}:{line}: {why}"
        for name, text in sources().items()
        for line, why in broken_rules(text)
    ]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize(
    "line",
    [
        "box.innerHTML = name;",
        "box.insertAdjacentHTML('beforeend', name);",
        "eval(text)",
        "new Function(text)",
        "setTimeout('go()', 3)",
        "await fetch(address)",
        "import('./more.js')",
        "background: url(picture.png)",
        "const home = 'https://example.org';",
        "const now = new Date();",
    ],
)
def test_the_rules_bite(line):
    assert broken_rules(f"const fine = 1;\n{line}\n")[0][0] == 2


def test_code_in_the_page_is_within_its_budget():
    page = assembled("a run", {"run": packed({})})
    style, scripts = code_of(page)
    size = len(style.encode()) + sum(len(script.encode()) for script in scripts)
    assert 20_000 < size <= MOST_IN_PAGE


def test_the_program_in_the_page_is_the_sources_in_the_order_of_the_manifest():
    page = assembled("a run", {"run": packed({})})
    _, scripts = code_of(page)
    program = gzip.decompress(base64.b64decode(scripts[0])).decode()
    places = []
    for name in [name for name in listed() if name.endswith(".js")]:
        lines = (line.strip() for line in sources()[name].splitlines())
        first = next(line for line in lines if line.startswith(("mc.", "function ")))
        assert first in program, name
        places.append(program.index(first))
    assert places == sorted(places)


def test_files_are_short_and_say_what_they_own():
    for name, text in sources().items():
        assert text.count("\n") <= MOST_LINES, name
        assert text.startswith(("// Owns ", "/* ")), name


def test_the_frame_forbids_the_network():
    frame = (ASSETS / "page.html").read_text("utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', frame)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "@@ALLOWED@@",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
    }
    assert not re.search(r"<(link|img|iframe|object|embed)\b|\bsrc=", frame)


def test_every_source_is_a_program():
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to read the sources with")
    for name in [name for name in sources() if name.endswith(".js")]:
        done = subprocess.run(
            [node, "--check", str(ASSETS / name)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
