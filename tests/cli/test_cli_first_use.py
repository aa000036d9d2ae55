"""What a first hour meets: help that is read in one glance, names that are nearly right, a lesson
whose service is beside it.
"""

import json
import re
from pathlib import Path

import pytest

from minicloud.cli.app import _COMMANDS

NAMES = [name for commands in _COMMANDS.values() for name in commands]

SERVICE = '''"""What the lesson is about."""


def broken():
    return True
'''
LESSON = '''"""A lesson whose service is beside it."""

from beside_it import broken

from minicloud import Cloud, scenario


@scenario
async def borrows(cloud: Cloud) -> None:
    """It always fails."""

    def whole() -> None:
        assert not broken(), "it is broken"

    cloud.check(whole)
'''


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_has_a_line_for_each_thing(cli, name):
    done = cli(*filter(None, [name]), "--help")
    assert done.code == 0
    told = done.out.partition("\nTARGET is")[0].splitlines()
    assert max(map(len, told)) <= 80
    listed = re.compile(r"  (--[a-z-]+|[A-Z]+|[a-z-]+)\b.*: ")
    assert [line for line in told if line.startswith("  ") and not listed.match(line)] == []
    assert [line for line in told if re.match(r"[a-z\[]", line)] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--kind", "Pey"), "the run has Pay; did you mean Pay?"),
        (("--op", "shop:99"), "--op shop:99: the run has shop:1"),
        (("--node", "bnak"), "did you mean bank?"),
    ],
)
def test_log_knows_what_the_run_has(cli, words, sentence):
    cli("run", "double-charge", "--variant", "naive")
    done = cli("log", "latest", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert sentence in done.err


def test_what_a_shrunken_lesson_imports_is_looked_for_where_it_will_run(cli):
    Path("lessons").mkdir()
    Path("lessons", "beside_it.py").write_text(SERVICE)
    Path("lessons", "borrows.py").write_text(LESSON)
    words = ("shrink", "lessons/borrows.py", "--jobs", "1")
    done = cli(*words)
    assert (done.code, done.out) == (2, "")
    assert "Write it beside the lesson: --out lessons" in done.err
    assert not list(Path("found").glob("*.py"))
    told = json.loads(cli(*words, "--out", "lessons", "--json").out)
    assert cli("run", told["file"], "--expect").code == 0
