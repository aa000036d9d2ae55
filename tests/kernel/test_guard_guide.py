"""docs/guard.md: its programs print what it says, and its table names what is guarded."""

import contextlib
import io
import re
import sys
import types
from pathlib import Path

import pytest

from minicloud.kernel.guard import EPOCH_S, clocks, draws, effects, gate

GUIDE = (Path(__file__).parents[2] / "docs" / "guard.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\nIt prints\n\n```\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_prints_what_the_guide_says(number, monkeypatch):
    program, expected = PROGRAMS[number]
    module = types.ModuleType(f"guard_guide_{number}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(program, "docs/guard.md", "exec"), vars(module))
    assert said.getvalue() == expected


def test_there_are_programs():
    assert len(PROGRAMS) == 2


def test_the_epoch_is_the_one_of_the_guide():
    assert EPOCH_S == 1_893_456_000
    assert "2030-01-01T00:00:00Z" in GUIDE


def test_every_guarded_clock_and_generator_is_in_the_guide():
    for function in clocks.STAND_INS:
        name = function.__name__.removesuffix("_ns")
        shown = name in ("gmtime", "ctime", "asctime", "thread_time") or name in GUIDE
        assert shown, name
    for name in clocks.DATE_METHODS.values():
        assert name.rpartition(".")[2] in GUIDE
    for function in draws.STAND_INS:
        module = (function.__module__ or "random").replace("posix", "os")
        module = module.replace("_socket", "socket")
        assert f"`{module}.{function.__name__}`" in GUIDE or module in ("random", "os"), function
    assert gate.Policy.__args__ == ("error", "virtual", "off")
    assert effects.STAND_INS
