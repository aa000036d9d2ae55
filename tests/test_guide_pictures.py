"""docs/pictures.md, played through: its commands run, what it shows comes, what it names is there.

Digests are XXXX and YYYY in the guide. Keys and fields are compared with the page's own source.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from minicloud.cli import main

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "pictures.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (command, shown.splitlines())
    for _, text in BLOCKS
    for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE)
]
ASSETS = ROOT / "minicloud" / "report" / "page" / "assets"


def masked(lines: list[str]) -> list[str]:
    """Lines without what any change of the trace moves: digests, and where two runs part."""
    lines = [re.sub(r"\b[0-9a-f]{8}\b|XXXX|YYYY", "DIGEST", line).rstrip() for line in lines]
    return [re.sub(r"\bevent \d+ \([\d.]+ s\)", "event N (T s)", line) for line in lines]


def shows(shown: list[str], came: list[str]) -> bool:
    """Whether output is what a guide shows; a line of `…` stands for any number of lines."""
    if not shown:
        return not came
    if shown[0] == "…":
        return any(shows(shown[1:], came[start:]) for start in range(len(came) + 1))
    return bool(came) and shown[0] == came[0] and shows(shown[1:], came[1:])


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def firsts(text: str) -> str:
    """The first cells of a table's rows."""
    return "\n".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


def test_whoever_types_along_sees_what_the_guide_shows(folder, capsys):
    digests: list[str] = []
    for command, shown in COMMANDS:
        program, *words = shlex.split(command)
        assert program == "minicloud"
        words = [{"XXXX": digests[-1:], "YYYY": digests[-2:-1]}.get(w, [w])[0] for w in words]
        capsys.readouterr()
        main(words)
        out, err = capsys.readouterr()
        assert shows(masked(shown), masked(out.splitlines())), f"$ {command}\n{out}{err}"
        digests += re.findall(r"^  picture  runs/[\w-]+/0-(\w{8})/report.html$", out, re.MULTILINE)
        page = re.findall(r"^  picture  (.*)$", out, re.MULTILINE)
        assert [Path(name).stat().st_size > 10_000 for name in page] == [True]


def test_the_guide_shows_nothing_else_and_nothing_wide():
    assert {language for language, _ in BLOCKS} == {"console"}
    assert len(COMMANDS) >= 6
    assert [line for _, text in BLOCKS for line in text.splitlines() if len(line) > 79] == []


def test_every_section_of_the_page_is_told_by_its_title():
    page = (ASSETS / "page.html").read_text("utf-8")
    titles = re.findall(r"<h2 [^>]*>([^<]+)</h2>", page)
    assert len(titles) >= 8
    told = firsts(section("From top to bottom"))
    assert [title for title in titles if title not in told] == []


def test_every_key_is_told_and_no_other():
    source = (ASSETS / "views" / "keys.js").read_text("utf-8")
    table = source.partition("const KEYS = [")[2].partition("\n];")[0]
    keys = re.findall(r'^  \["([^"]+)", ', table, re.MULTILINE)
    assert len(keys) > 15
    names = {"ArrowLeft": "←", "ArrowRight": "→", "Escape": "Esc"}
    told = code(section("Keys"))
    assert sorted({names.get(key, key) for key in keys}) == sorted(set(told))


def test_every_field_of_the_search_is_told_and_no_other():
    source = (ASSETS / "views" / "search.js").read_text("utf-8")
    table = source.partition("const FIELDS = {")[2].partition("\n};")[0]
    fields = set(re.findall(r"^  (\w+): ", table, re.MULTILINE))
    assert len(fields) > 8
    told = {term.partition(":")[0] for term in code(section("Search")) if ":" in term}
    assert told == fields


def test_every_part_of_a_link_is_told_and_no_other():
    source = (ASSETS / "views" / "link.js").read_text("utf-8")
    parts = set(re.findall(r"[`\"](\w)=", source))
    assert {"t", "e", "q"} <= parts
    assert {term[0] for term in code(firsts(section("Links"))) if term[1:2] == "="} == parts


def test_every_picture_is_there_light_and_dark_and_not_heavy():
    names = re.findall(r"\]\((pictures/[^)]+)\)", GUIDE)
    assert len(names) == 3
    files = [ROOT / "docs" / name for name in names]
    files += [file.with_name(file.name.replace("-light", "-dark")) for file in files]
    for file in files:
        raw = file.read_bytes()
        assert raw[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(raw[16:20], "big") == 1280
        assert len(raw) < 250_000, file.name
