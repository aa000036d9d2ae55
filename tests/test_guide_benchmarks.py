"""docs/benchmarks.md, played through: its files are written, its commands run, and what it shows is
what comes, but for wall times.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from minicloud.cli import main
from minicloud.scenario.comparing.data import METRICS

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (.*)$", GUIDE, re.MULTILINE)


def masked(text: str) -> list[str]:
    text = re.sub(r"runs in [\d.]+ s", "runs in WALL", text)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n").splitlines()


def shows(shown: list[str], came: list[str]) -> bool:
    """Whether output is what a guide shows; a line of `…` stands for any number of lines."""
    if not shown:
        return not came
    if shown[0] == "…":
        return any(shows(shown[1:], came[start:]) for start in range(len(came) + 1))
    return bool(came) and shown[0] == came[0] and shows(shown[1:], came[1:])


def typed(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    program, *words = shlex.split(command)
    if program == "cp":
        shutil.copy(*words)
        return ""
    if program == "echo":
        return str(typed.code)
    assert program == "minicloud"
    capsys.readouterr()
    typed.code = main(words)
    return "".join(capsys.readouterr())


@pytest.mark.slow
def test_whoever_types_along_sees_what_the_guide_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for language, text in BLOCKS:
        if language == "python":
            name, _, rest = text.removeprefix("# ").partition("\n")
            Path(name).write_text(rest, "utf-8")
            continue
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            came = typed(command, capsys)
            assert shows(masked(shown), masked(came)), f"$ {command}\n{came}"


def test_the_guide_shows_nothing_else_and_nothing_wide():
    assert {language for language, _ in BLOCKS} == {"python", "console"}
    assert len(COMMANDS) >= 5
    assert max(len(line) for _, text in BLOCKS for line in text.splitlines()) <= 104


def test_every_metric_and_every_option_is_in_the_guide():
    assert [name for name in METRICS if f"`{name}`" not in GUIDE] == []
    options = ("variants", "by", "set", "seeds", "publish", "sweep", "baseline", "compare")
    options += ("fail-if", "until", "jobs", "out", "wall", "json")
    assert [name for name in options if f"`--{name}" not in GUIDE] == []
