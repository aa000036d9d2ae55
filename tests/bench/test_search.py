"""The search for planted bugs prints what it promises, and says what it can't do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import search, search_rates
from bench.search_hunt import Effort, Found, Size, catalogue, false_alarms, hunt
from minicloud.cloud import run_cloud

ROOT = Path(__file__).resolve().parents[2]


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "bench.search", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_bug_is_one_json_object():
    done = command("--json", "--quick", "--only", "late-timer")
    assert done.returncode == 0, done.stderr
    (bug,) = json.loads(done.stdout)["bugs"]
    assert list(bug) == ["name", "kind", "seeds", "wall_s", "before", "after"]
    assert list(bug["seeds"]) == ["random", "swarm", "pct"]
    for size in (bug["before"], bug["after"]):
        assert list(size) == ["faults", "operations", "deviations"]
    assert bug["after"]["operations"] <= bug["before"]["operations"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--only", "nonsense"], "--only nonsense: there are: lost-update, "),
        (["--safe", "0"], "--safe must be 1 seed or more, not 0"),
        (["--jobs", "0"], "--jobs must be 1 or more, not 0"),
    ],
)
def test_a_wrong_word_is_answered_by_a_sentence(words, sentence):
    done = command(*words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""


def test_the_same_effort_finds_the_same():
    effort = Effort(starts=3, cap=60)
    one, two = (hunt("double-payment", effort) for _ in range(2))
    assert (one.seeds, one.before, one.after) == (two.seeds, two.before, two.after)
    assert one.seeds["random"] is None  # nothing is lost where nothing makes trouble
    assert one.seeds["swarm"] < 60
    assert one.after.faults <= 3
    assert one.after.operations <= 6


def test_a_correct_service_raises_no_alarm_and_one_without_its_rule_would(monkeypatch):
    assert false_alarms("lost-update", 0, 5) == []
    monkeypatch.setattr("bench.search_hunt.SAFE", "naive")
    assert [seed for seed, _ in false_alarms("lost-update", 0, 5)]


def test_the_table_fits_a_terminal():
    size = Size(10, 100, 1000)
    found = [
        Found(name=bug.name, kind=bug.kind, seeds=seeds, wall_s=12.34, before=size, after=size)
        for bug, seeds in zip(
            catalogue(),
            [{"random": None, "swarm": 2000, "pct": 2000}] * len(catalogue()),
            strict=True,
        )
    ]
    lines = search._table(found, {"virtual_s_per_wall_s_sleep": 12345.6}).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == len(found) + 4


@pytest.mark.parametrize("shape", [search_rates.small_test, search_rates.store_in_chaos])
def test_the_shapes_of_the_rates_are_what_they_say(shape):
    run = run_cloud(shape, seed=1)
    assert run.verdict.value == "valid", run.checks
    if shape is search_rates.small_test:
        assert run.messages == 100
    else:
        assert 60 < len(run.history.operations()) < 140
        assert run.script.schedules["nemesis"].faults
