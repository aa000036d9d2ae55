"""The programs of the guide to quorums run, and the checks in them hold."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "quorum.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    name = f"quorum_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(PROGRAMS[number], f"docs/quorum.md, program {number + 1}", "exec"), vars(module))
    run = run_cloud(module.main)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is not Verdict.INVALID
    assert run.history.operations()


def test_there_are_programs():
    assert len(PROGRAMS) == 4
