"""docs/searching.md, played through: its files are written, its changes made, its commands run, and
what it shows is what comes, but for wall times and digests.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import minicloud
from minicloud.cli import main

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "searching.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ (.*)$", GUIDE, re.MULTILINE)
LANGUAGES = {"python", "diff", "console"}
IN_PROCESSES = {"sweep", "shrink", "verify", "crash-points"}
"""Commands to which the test adds `--jobs 1`: it decides which failure comes first."""

MASKS = [
    (r"\bin [\d.]+ ?s\b", "in WALL"),
    (r"\([\d,]+/s, \d+ jobs?\)", "(RATE)"),
    (r"(?<= runs, )[\d.]+ s", "WALL"),
    (r"of virtual time in [\d.]+ s", "of virtual time in WALL"),
    (r"\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b|\b[0-9a-f]{8}\b", "DIGEST"),
    (r"[ \t]+$", ""),
]


def masked(text: str) -> list[str]:
    """Lines without what differs from machine to machine, or with any change of the trace."""
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.strip("\n").splitlines()


def shows(shown: list[str], came: list[str]) -> bool:
    """Whether output is what a guide shows; a line of `…` stands for any number of lines."""
    if not shown:
        return not came
    if shown[0] == "…":
        return any(shows(shown[1:], came[start:]) for start in range(len(came) + 1))
    return bool(came) and shown[0] == came[0] and shows(shown[1:], came[1:])


class Reader:
    """Somebody who types along in a folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, words: list[str]) -> str:
        """What a command prints to standard output."""
        program, *rest = words
        if program == "cat":
            (file,) = Path().glob(rest[0].replace("XXXX", "*"))
            return file.read_text("utf-8")
        if program == "pytest":
            return self._pytest(rest)
        assert program == "minicloud"
        rest = [self._found(word) for word in rest]
        sys.modules.pop("journal", None)  # it may have been edited
        self._capsys.readouterr()
        main([*rest, *(["--jobs", "1"] if rest[0] in IN_PROCESSES else [])])
        out, err = self._capsys.readouterr()
        return out + err

    def _found(self, word: str) -> str:
        """The run that the beginning of a digest stands for, whatever its digest is by now."""
        if not re.fullmatch(r"[0-9a-f]{4}", word):
            return word
        runs = sorted(Path("runs").glob("*/*"), key=lambda run: run.stat().st_mtime_ns)
        return runs[-2].as_posix()

    def _pytest(self, words: list[str]) -> str:
        command = [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", *words]
        # Only ours, which is quick; other plugins have tests of their own.
        plain = {"COLUMNS": "80", "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        plain |= {"PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": "minicloud.testing.plugin"}
        plain["PYTHONPATH"] = str(Path(minicloud.__file__).parents[1])
        # pytest folds its summary only where none of these is set.
        outer = {k: v for k, v in os.environ.items() if k not in ("CI", "BUILD_NUMBER")}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=outer | plain
        )
        return done.stdout


def changes(text: str) -> Iterator[tuple[str, str]]:
    """The passages of a diff: what is there, and what shall be."""
    for passage in text.split("\n\n"):
        lines = passage.strip("\n").splitlines()
        yield tuple(
            "\n".join(line[1:] for line in lines if line[:1] in (" ", sign)) + "\n" for sign in "-+"
        )  # type: ignore[misc]


def change(text: str) -> None:
    """Make a change, each passage of it in the one place where it fits."""
    head, _, rest = text.partition("\n")
    file = Path(head.removeprefix("--- "))
    content = file.read_text("utf-8")
    for old, new in changes(rest.replace("\n+\n", "\n+ \n")):
        assert content.count(old) == 1, f"{file}: {old!r} is there {content.count(old)} times"
        content = content.replace(old, new.replace("\n \n", "\n\n"))
    file.write_text(content, "utf-8")


def write(text: str) -> None:
    """Write a file, or see that its beginning is what the guide says."""
    name, _, rest = text.removeprefix("# ").partition("\n")
    name, _, part = name.partition(", ")
    if not part:
        Path(name).write_text(rest, "utf-8")
        return
    written = Path(name).read_text("utf-8")
    assert all(piece.strip() in written for piece in rest.split("\n…\n")), written


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    yield tmp_path
    for name in ("journal", "minicloud_scenario_durable"):
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_whoever_types_along_sees_what_the_guide_shows(folder, capsys):
    reader = Reader(capsys)
    for language, text in BLOCKS:
        if language == "python":
            write(text)
        elif language == "diff":
            change(text)
        else:
            for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                came = reader.run(shlex.split(command))
                assert shows(masked(shown), masked(came)), f"$ {command}\n{came}"


def test_the_guide_shows_nothing_else_and_nothing_wide():
    assert {language for language, _ in BLOCKS} == LANGUAGES
    assert len(COMMANDS) >= 20
    lines = [line for _, text in BLOCKS for line in text.splitlines()]
    # What pytest is told to repeat, and files, are not broken.
    wide = [line for line in lines if len(line) > 100 and not line.startswith(("repeat:", "."))]
    assert wide == []


def test_every_command_that_searches_is_in_the_guide():
    names = ("sweep", "shrink", "replay", "diff", "log", "why", "turning-point", "crash-points")
    told = {words.split()[1] for words in COMMANDS if words.startswith("minicloud")}
    assert [name for name in names if name not in told] == []


def test_what_readme_shows_of_it_is_in_the_guide():
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
    shown = re.findall(r"^    (\$ minicloud .*\n(?:    .*\n)*)", readme, re.MULTILINE)
    assert len(shown) >= 2
    guide = masked(GUIDE)
    for block in shown:
        lines = masked(block.replace("\n    ", "\n"))
        assert [line for line in lines if line not in guide] == []
