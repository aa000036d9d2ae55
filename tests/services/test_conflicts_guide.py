"""The guide's programs run, and what they assert holds."""

import pytest
from guides import programs_of, run_program, text_of


@pytest.mark.parametrize("number", range(3))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    run_program("conflicts", number, monkeypatch)


def test_there_are_programs():
    assert len(programs_of("conflicts")) == 3


def test_every_policy_and_clock_is_explained():
    from minicloud.protocols.conflicts import WORDS

    text = text_of("conflicts")
    assert all(f'`"{word}"`' in text for word in (*WORDS, "logical", "client", "coordinator"))
