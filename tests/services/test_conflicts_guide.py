"""The guide's programs run, and what they assert holds."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "conflicts.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    name = f"conflicts_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    source = f"docs/conflicts.md, program {number + 1}"
    exec(compile(PROGRAMS[number], source, "exec"), vars(module))
    run = run_cloud(module.main)
    assert run.exception is None
    assert run.verdict is not Verdict.INVALID
    assert run.history.operations()


def test_there_are_programs():
    assert len(PROGRAMS) == 3


def test_every_policy_and_clock_is_explained():
    from minicloud.protocols.conflicts import WORDS

    text = GUIDE.read_text("utf-8")
    assert all(f'`"{word}"`' in text for word in (*WORDS, "logical", "client", "coordinator"))
