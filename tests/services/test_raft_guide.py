"""The Raft guide's programs run, and the checks in them hold."""

import pytest
from guides import programs_of, run_program


@pytest.mark.parametrize("number", range(3))
def test_a_program_of_the_raft_guide_runs_and_holds(number, monkeypatch):
    run_program("raft", number, monkeypatch)


def test_there_are_programs_of_raft():
    assert len(programs_of("raft")) == 3
