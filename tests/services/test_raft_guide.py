"""The Raft guide's programs run, and the checks in them hold."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "raft.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_raft_guide_runs_and_holds(number, monkeypatch):
    name = f"raft_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(PROGRAMS[number], f"docs/raft.md, program {number + 1}", "exec"), vars(module))
    run = run_cloud(module.main)
    assert run.exception is None
    assert run.verdict is not Verdict.INVALID
    assert run.history.operations()


def test_there_are_programs_of_raft():
    assert len(PROGRAMS) == 3
