"""The guide's programs run, the checks in them hold, and the costs that it states are measured."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "replication.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_replication_guide_runs_and_holds(number, monkeypatch):
    name = f"replication_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)  # messages look their annotations up by module
    exec(
        compile(PROGRAMS[number], f"docs/replication.md, program {number + 1}", "exec"),
        vars(module),
    )
    run = run_cloud(module.main)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is not Verdict.INVALID
    assert run.history.operations()


def test_there_are_programs_of_replication():
    assert len(PROGRAMS) == 3
