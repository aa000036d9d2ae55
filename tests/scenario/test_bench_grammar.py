"""What is compared and what must not be exceeded, as words; and an older comparison."""

import msgspec
import pytest

from minicloud.errors import FileError, UsageError
from minicloud.scenario import breaks, holds, scenario
from minicloud.scenario.comparing.against import changes, read_bench
from minicloud.scenario.comparing.algorithms import algorithms_of, bench_seeds, sweep_of
from minicloud.scenario.comparing.data import METRICS, Against, Bench, Cell, SeedRun, encoded
from minicloud.scenario.comparing.limits import holding, limit_of, must_fit
from minicloud.scenario.comparing.pairing import paired


@scenario(
    safe=holds(w=2),
    naive=breaks("promise", w=1),
)
async def contest(
    cloud, *, w: int = 2, rate: float = 10.0, cut_s: float = 3.0, fast: bool = False
) -> None:
    """A contest."""


def names(variants=None, by=None):
    return [(a.name, a.variant, a.params) for a in algorithms_of(contest, variants, by)]


def test_contenders_are_variants_or_values():
    assert names() == [("safe", "safe", {}), ("naive", "naive", {})]
    assert names(["naive"]) == [("naive", "naive", {})]
    assert names(by="w=1,2") == [("w=1", None, {"w": 1}), ("w=2", None, {"w": 2})]
    assert names(["safe"], by="fast")[0] == ("fast=true", "safe", {"fast": True})
    assert [name for name, _, _ in names(by="w=1..3:1")] == ["w=1", "w=2", "w=3"]


@pytest.mark.parametrize(
    ("variants", "by", "words"),
    [
        (["safr"], None, "did you mean safe"),
        (["safe", "safe"], None, "safe is named twice"),
        (["safe", "naive"], "w=1,2", "--by compares values of one variant"),
        (None, "v=1,2", "no parameter v"),
        (None, "w=1,x", "w takes a whole number, and 'x' is none"),
        (None, "w=1,1", "1 is there twice"),
        (None, "w", "write w=1,2,3"),
        (None, "fast=true..false", "no range of it"),
    ],
)
def test_contenders_that_are_none_are_refused(variants, by, words):
    with pytest.raises(UsageError, match=words):
        algorithms_of(contest, variants, by)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("rate=100..400:100", [100.0, 200.0, 300.0, 400.0]),
        ("rate=100..1000", [100.0, 200.0, 400.0, 800.0]),
        ("rate=0.1..0.3:0.1", [0.1, 0.2, 0.3]),
        ("rate=5,50", [5.0, 50.0]),
        ("cut_s=100ms,1m", [0.1, 60.0]),
        ("w=1..3:1,9", [1, 2, 3, 9]),
    ],
)
def test_what_is_swept(text, values):
    swept = sweep_of(contest, text)
    assert swept.values == values
    assert [type(v) for v in swept.values] == [type(v) for v in values]


@pytest.mark.parametrize("text", ["rate=4..1:1", "rate=1..9:0", "rate=0..9", "rate=", "w=1..200:1"])
def test_what_cannot_be_swept(text):
    with pytest.raises(UsageError, match="--sweep"):
        sweep_of(contest, text)


def test_seeds():
    assert bench_seeds(None, publish=False) == list(range(1, 11))
    assert bench_seeds(None, publish=True) == list(range(1, 31))
    assert bench_seeds("4..6", publish=False) == [4, 5, 6]
    assert bench_seeds("3", publish=False) == [1, 2, 3]
    for text in ("5..", "0..1000"):
        with pytest.raises(UsageError, match="at most 1,000 seeds"):
            bench_seeds(text, publish=False)
    with pytest.raises(UsageError, match="--publish is --seeds"):
        bench_seeds("3", publish=True)


def cell(name, p99, *, verdict="valid", at=None, seeds=range(1, 9)):
    runs = []
    for seed in seeds:
        figures = dict.fromkeys(METRICS) | {"resp.p99": p99 * (1 + seed / 100), "ok": 99.0}
        why = "" if verdict == "valid" else "promise"
        runs.append(SeedRun(seed, verdict, why, f"{seed:08x}", figures))
    middle = dict.fromkeys(METRICS) | {"resp.p99": p99 * 1.045, "ok": 99.0}
    return Cell(
        algorithm=name,
        at=at,
        params={},
        repeat=f"minicloud run contest --variant {name}",
        stated="valid",
        verdict=verdict,
        ranked=verdict == "valid",
        why="" if verdict == "valid" else f"violates promise at {len(runs)} of {len(runs)} seeds",
        runs=runs,
        median=middle,
        response=[(0.5, p99 / 2), (1.0, p99)],
        service=[(0.5, p99 / 3), (1.0, p99)],
        timeline=[(0.0, 1.0, p99, 5, 1)],
        bands=[("cut-1", 1.0, None)],
    )


def bench_of(*cells, **more):
    first = next((c for c in cells if c.ranked), None)
    against = []
    for one in cells:
        if first is not None and one is not first and one.ranked:
            ours, theirs = one.runs, first.runs
            pairs = [
                (a.figures["resp.p99"], b.figures["resp.p99"])
                for a, b in zip(ours, theirs, strict=True)
            ]
            line = paired("resp.p99", pairs, higher_is_better=False)
            against.append(Against(one.algorithm, one.at, first.algorithm, [line]))
    fields = {
        "scenario": "contest",
        "lesson": "A contest.",
        "loads": ["open loop, 10/s by 1 client"],
        "closed": False,
        "seeds": [run.seed for run in cells[0].runs],
        "algorithms": list(dict.fromkeys(c.algorithm for c in cells)),
        "baseline": None if first is None else first.algorithm,
        "sweep": None,
        "metrics": list(METRICS.values()),
        "cells": list(cells),
        "against": against,
        "repeat": "minicloud bench contest",
        "source": "0123456789abcdef",
        "versions": {"minicloud": "0"},
    }
    return Bench(**fields | more)


def crossing(text, bench, changed=None):
    limit = limit_of(text)
    must_fit(limit, bench.algorithms, older=changed is not None)
    return list(holding(limit, bench, changed))


BOTH = bench_of(cell("safe", 100.0), cell("slow", 110.0))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("resp.p99 > +5%", ["slow"]),
        ("resp.p99 > +20%", []),
        ("resp.p99>+9.9%", ["slow"]),
        ("safe: resp.p99 > +5%", []),
        ("slow: resp.p99 > +5%", ["slow"]),
        ("resp.p99 < -5%", []),
        ("resp.p99 > 108ms", ["slow"]),
        ("resp.p99 > 0.1 s", ["safe", "slow"]),
        ("resp.p99 > 1000", []),
        ("ok < 99.5%", ["safe", "slow"]),
        ("ok < 99", []),
        ("stale > 0", []),
    ],
)
def test_a_limit_holds_where_it_is_crossed(text, who):
    assert [name for name, _ in crossing(text, BOTH)] == who


def test_a_change_that_chance_explains_crosses_no_limit():
    few = bench_of(cell("safe", 100.0, seeds=range(1, 4)), cell("slow", 200.0, seeds=range(1, 4)))
    assert crossing("resp.p99 > +5%", few) == []
    # A figure needs no second algorithm, and no chance.
    assert [name for name, _ in crossing("resp.p99 > 150ms", few)] == ["slow"]


def test_what_is_not_ranked_crosses_no_limit():
    wrong = bench_of(cell("safe", 100.0), cell("naive", 900.0, verdict="invalid"))
    assert crossing("resp.p99 > 1ms", wrong) == [("safe", "resp.p99 is 104.5 ms")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("p99 > +5%", "there is no metric p99"),
        ("resp.p9 > +5%", "did you mean resp.p99?"),
        ("resp.p99", "write METRIC > \\+5%"),
        ("resp.p99 >= +5%", "write METRIC > \\+5%"),
        ("resp.p99 > -5%", "a change is > \\+5% or < -5%"),
        ("resp.p99 > +5ms", "a change is > \\+5% or < -5%"),
        ("resp.p99 > 5%", "resp.p99 is given in ms or s, not in %"),
        ("msgs > 5ms", "msgs is given in no unit, not in ms"),
        ("fast: resp.p99 > +5%", "compared are safe, slow"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        crossing(text, BOTH)


def test_a_change_needs_something_to_change_from():
    with pytest.raises(UsageError, match="give --compare"):
        crossing("resp.p99 > +5%", bench_of(cell("safe", 100.0)))


def marks(new, old):
    return {one.algorithm: one.mark for one in changes(new, old)}


def test_marks_say_what_became_of_each():
    old = bench_of(
        cell("same", 100.0),
        cell("slower", 100.0),
        cell("quicker", 100.0),
        cell("broken", 100.0),
        cell("mended", 100.0, verdict="invalid"),
        cell("wrong", 100.0, verdict="invalid"),
        cell("gone", 100.0),
    )
    new = bench_of(
        cell("same", 100.0),
        cell("slower", 120.0),
        cell("quicker", 80.0),
        cell("broken", 1.0, verdict="invalid"),
        cell("mended", 100.0),
        cell("wrong", 100.0, verdict="invalid"),
        cell("new", 100.0),
    )
    assert marks(new, old) == {
        "same": "=",
        "slower": "+",
        "quicker": "-",
        "broken": "!",
        "mended": "*",
        "wrong": "x",
        "new": "x",
        "gone": "x",
    }
    changed = list(changes(new, old))
    assert [name for name, _ in crossing("resp.p99 > +5%", new, changed)] == ["slower"]


def test_a_comparison_is_read_back_as_it_was_written(tmp_path):
    file = tmp_path / "bench.json"
    endless = paired("stale", [(3.0, 0.0)] * 6, higher_is_better=False)
    bench = msgspec.structs.replace(BOTH, against=[Against("slow", None, "safe", [endless])])
    file.write_bytes(encoded(bench))
    assert read_bench(file) == bench


def test_a_file_that_is_no_comparison_is_refused(tmp_path):
    file = tmp_path / "bench.json"
    with pytest.raises(FileError, match="cannot be read"):
        read_bench(file)
    for data in (b"", b"{}", b"[1]", b"\xff"):
        file.write_bytes(data)
        with pytest.raises(FileError, match="is no comparison"):
            read_bench(file)
    other = msgspec.structs.replace(BOTH, scenario="another")
    with pytest.raises(UsageError, match="a comparison of another"):
        list(changes(BOTH, other))
    later = msgspec.structs.replace(BOTH, seeds=[99])
    with pytest.raises(UsageError, match="no seed in common"):
        list(changes(BOTH, later))
