"""The time without a leader: the bench prints what it promises, and its trials are as it says."""

import json
import statistics

import pytest

from bench import election
from bench.election_trials import NAMES, Surroundings, trial
from minicloud.net.distributions import Constant

FIELDS = ["timeout_ms", "trials", "median_ms", "mean_ms", "p99_ms", "max_ms"]


def test_logs_differ_and_only_two_can_win():
    leaders = set()
    for seed in range(25):
        downtime = trial(seed, 150, 300)
        assert downtime.entries == (5, 2, 3, 4, 5)
        assert downtime.seconds >= 0.075  # a crash at the end of a heartbeat interval, no earlier
        leaders.add(downtime.leader)
    # Of the four that are left a winner needs the votes of two with logs no longer than its own.
    assert leaders == {"n4", "n5"}
    assert set(NAMES) > leaders


def test_without_randomness_votes_split_for_ever():
    around = Surroundings(Constant(0.0005), Constant(0.005))
    downtime = trial(0, 150, 150, around, bound_s=5)
    assert (downtime.leader, downtime.seconds) == (None, 5)
    assert trial(0, 150, 200, around, bound_s=5).leader is not None


def test_a_little_randomness_goes_a_long_way():
    few, some, wide = (
        statistics.median(election.several(span, range(25)))
        for span in ((150, 151), (150, 155), (150, 200))
    )
    assert few > some > wide > 75


def test_shorter_timeouts_elect_sooner():
    assert statistics.fmean(election.several((12, 24), range(25))) < 90


def test_a_seed_is_a_trial():
    assert trial(3, 12, 24) == trial(3, 12, 24) != trial(4, 12, 24)


def test_the_array_has_an_object_for_each_range(monkeypatch, capsys):
    monkeypatch.setattr(election, "RANGES", ((150, 200), (12, 24)))
    assert election.main(["--json", "--trials", "6", "--jobs", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["timeout_ms"] for one in found] == [[150, 200], [12, 24]]
    for one in found:
        assert list(one) == FIELDS
        assert one["trials"] == 6
        assert one["median_ms"] <= one["p99_ms"] <= one["max_ms"]


@pytest.mark.slow
def test_two_processes_count_what_one_does(monkeypatch):
    monkeypatch.setattr(election, "RANGES", ((12, 24),))
    monkeypatch.setattr(election, "CHUNK", 2)
    assert election.measured(5, 1) == election.measured(5, 2)


def test_it_measures_the_papers_ten_ranges():
    table = election.table([election.row(span, [100.0, 300.0]) for span in election.RANGES])
    assert len(table.splitlines()) == 11
    assert "median 287" in table
    assert election.row((12, 24), [1.0, 2.0, 6.0]) == {
        "timeout_ms": [12, 24],
        "trials": 3,
        "median_ms": 2.0,
        "mean_ms": 3.0,
        "p99_ms": 6.0,
        "max_ms": 6.0,
    }


@pytest.mark.parametrize("word", ["--trials", "--jobs"])
def test_a_wrong_word_is_answered_by_a_sentence(capsys, word):
    with pytest.raises(SystemExit) as left:
        election.main([word, "0"])
    said = capsys.readouterr()
    assert left.value.code == 2
    assert f"{word} must be 1 or more, not 0" in said.err
    assert said.out == ""
