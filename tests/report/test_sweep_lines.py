"""What a terminal says of a sweep fits it, whatever the names and however many there are."""

import pytest

from minicloud.report.sweeps import failing_line, sweep_lines, time_left
from minicloud.scenario.api import Case
from minicloud.scenario.running import CheckLine, Result
from minicloud.scenario.sweeping import Tally, plan_of

CASE = Case("a-scenario-with-a-name-that-is-long-enough-for-anybody", "variant", {}, None)


def result(seed, verdict="invalid", detail="why", **fields):
    return Result(
        scenario="s",
        variant=None,
        seed=seed,
        params={},
        verdict=verdict,
        checks=[CheckLine("check", verdict, detail)] if verdict else [],
        **fields,
    )


def lines(results, **plan):
    tally = Tally(results)
    return list(sweep_lines(CASE, tally, plan_of(**{"seeds": tally.runs, **plan}), 2.0, "9/s"))


def test_every_line_fits():
    long = " ".join(["word" * 4] * 20)
    many = [
        result(
            n,
            detail=f"{chr(97 + n % 26)}{'x' * (n % 11)} {long}",
            sometimes={long: False},
            faults=[f"kind-{n % 9}-{'of-fault' * 5}"],
            knobs={"a knob with a name" * 2: n % 2},
            coverage={f"operation_{n % 7}_{'x' * 40}": {"ok": {"-": 10**9, "kind-1": 3}}},
        )
        for n in range(200)
    ]
    said = lines(many)
    assert [line for line in said if len(line) > 79] == []
    assert any("more causes: --json has them all" in line for line in said)
    assert any("more rows: --json has them all" in line for line in said)
    assert all(len(failing_line(one)) < 80 for one in many)


def test_one_cause_needs_no_line_of_its_own_and_two_do():
    assert lines([result(1), result(2)])[3:] == ["  check      2   first seed 1"]
    told = lines([result(1, detail="lost 3"), result(2, detail="lost 4"), result(3, detail="late")])
    assert told[4:] == [
        "  ✖     2x  lost # (first seed 1)",
        "  ✖     1x  late (first seed 3)",
    ]


def test_what_could_not_be_run_has_a_cause_too():
    told = lines([result(1, verdict=None, error="x.py:3: ValueError: no")])
    assert told[-1] == "  !     1x  x.py:3: ValueError: no (first seed 1)"


def test_a_part_of_the_seeds_is_called_a_part():
    assert "  2 of 10 seeds were tried: seeds 0..1" in lines([result(0), result(1)], seeds=10)
    endless = lines([result(0), result(1)], seeds=None, until_failure=True)
    assert "  2 seeds were tried: seeds 0..1" in endless


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (9000, "2.5 h")],
)
def test_time_left(seconds, words):
    assert time_left(seconds) == words
