"""docs/exports.md, played through: its commands run, and what it shows is what comes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from minicloud.cli import main
from minicloud.report.exports import FORMATS

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "exports.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
STEPS = [
    step
    for block in BLOCKS
    for step in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]

MASKS = [
    (r"(?<=-0-)[0-9a-f]{8}\b", "XXXXXXXX"),
    (r"\bin [\d.e-]+ s\b", "in WALL"),
    (r"(?<=from )[\d.]+ to [\d.]+(?= s)", "SECONDS to SECONDS"),
    (r"[ \t]+$", ""),
]


def masked(text):
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.strip("\n").splitlines()


def shows(shown, came):
    """Whether output is what a guide shows; a line of `…` stands for any number of lines."""
    if not shown:
        return not came
    if shown[0] == "…":
        return any(shows(shown[1:], came[start:]) for start in range(len(came) + 1))
    return bool(came) and shown[0] == came[0] and shows(shown[1:], came[1:])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_whoever_types_along_sees_what_the_guide_shows(folder, capsys):
    for command, shown in STEPS:
        program, *words = shlex.split(command)
        assert program == "minicloud"
        capsys.readouterr()
        main(words)
        out, err = capsys.readouterr()
        assert shows(shown.splitlines(), masked(out + err)), f"$ {command}\n{out}{err}"


def test_every_format_is_told_and_shown():
    assert [name for name in FORMATS if f"| `{name}` |" not in GUIDE] == []
    commands = " ".join(command for command, _ in STEPS)
    shown = [name for name in FORMATS if f"--to {name} " in f"{commands} "]
    assert shown == [name for name in FORMATS if name != "jepsen-json"]


def test_files_are_called_what_the_guide_calls_them():
    told = dict(re.findall(r"^\| `([a-z-]+)` \| `(\.[a-z.]+)` \|", GUIDE, re.MULTILINE))
    assert told == {name: one.suffix for name, one in FORMATS.items()}


def test_nothing_in_the_guide_is_wide():
    assert [line for block in BLOCKS for line in block.splitlines() if len(line) > 80] == []
