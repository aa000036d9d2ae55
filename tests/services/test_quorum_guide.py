"""The programs of the guide to quorums run, and the checks in them hold."""

import pytest
from guides import programs_of, run_program


@pytest.mark.parametrize("number", range(4))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    run_program("quorum", number, monkeypatch)


def test_there_are_programs():
    assert len(programs_of("quorum")) == 4
