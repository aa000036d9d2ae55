"""The guide's programs run, and the checks in them hold."""

import pytest
from guides import programs_of, run_program


@pytest.mark.parametrize("number", range(3))
def test_a_program_of_the_replication_guide_runs_and_holds(number, monkeypatch):
    run_program("replication", number, monkeypatch)


def test_there_are_programs_of_replication():
    assert len(programs_of("replication")) == 3
