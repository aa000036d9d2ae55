"""The membership guide's programs run, and the checks in them hold."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud import members
from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.protocols.detection.swim import Settings

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "membership.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_membership_guide_runs_and_holds(number, monkeypatch):
    name = f"membership_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(
        compile(PROGRAMS[number], f"docs/membership.md, program {number + 1}", "exec"), vars(module)
    )
    run = run_cloud(module.main)
    assert run.exception is None
    assert run.verdict is Verdict.VALID


def test_there_are_programs_of_members():
    assert len(PROGRAMS) == 3


def test_the_guide_names_every_rule_and_every_length():
    for rule in members.Rules.__struct_fields__:
        assert f"`{rule}`" in GUIDE, rule
    for length in set(Settings.__struct_fields__) - {"health"}:
        assert f"`{length}" in GUIDE, length
