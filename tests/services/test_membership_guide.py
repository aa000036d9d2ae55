"""The membership guide's programs run, and the checks in them hold."""

import pytest
from guides import programs_of, run_program, text_of

from minicloud import members
from minicloud.check import Verdict
from minicloud.protocols.detection.swim import Settings

GUIDE = text_of("membership")


@pytest.mark.parametrize("number", range(3))
def test_a_program_of_the_membership_guide_runs_and_holds(number, monkeypatch):
    run = run_program("membership", number, monkeypatch, operations=False)
    assert run.verdict is Verdict.VALID


def test_there_are_programs_of_members():
    assert len(programs_of("membership")) == 3


def test_the_guide_names_every_rule_and_every_length():
    for rule in members.Rules.__struct_fields__:
        assert f"`{rule}`" in GUIDE, rule
    for length in set(Settings.__struct_fields__) - {"health"}:
        assert f"`{length}" in GUIDE, length
