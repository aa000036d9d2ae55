"""The guide's programs run, and the checks in them hold."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "store.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    name = f"store_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)  # messages look their annotations up by module
    exec(compile(PROGRAMS[number], f"docs/store.md, program {number + 1}", "exec"), vars(module))
    run = run_cloud(module.main)
    assert run.exception is None
    assert run.verdict is Verdict.VALID
    assert run.history.operations()


def test_there_are_programs():
    assert len(PROGRAMS) == 2
