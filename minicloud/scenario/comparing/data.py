"""Owns what a comparison is as data: `bench.json`, struct by struct, and what its metrics are.

Everything here is virtual, so the same seeds and the same code give the same bytes; what the wall
clock says is kept apart (`Wall`). Knows no scenario and no file.
"""

from __future__ import annotations

import msgspec

from minicloud.scenario.comparing.measures import Figures
from minicloud.scenario.comparing.pairing import Paired
from minicloud.scenario.params import Value

__all__ = [
    "METRICS",
    "Against",
    "Bench",
    "Cell",
    "Change",
    "Metric",
    "Moment",
    "SeedRun",
    "Sweep",
    "Wall",
    "encoded",
]


class Metric(msgspec.Struct, frozen=True):
    """What a figure is: its name, its unit, which way is better, and what it says."""

    name: str
    unit: str
    higher_is_better: bool
    says: str
    title: str


METRICS = {
    m.name: m
    for m in (
        Metric("ok", "%", True, "operations that were answered", "ok %"),
        Metric("resp.p50", "ms", False, "response time, median", "resp p50"),
        Metric("resp.p99", "ms", False, "response time, 99th percentile", "p99"),
        Metric("resp.p99.9", "ms", False, "response time, 99.9th percentile", "p99.9"),
        Metric("resp.max", "ms", False, "response time, the longest", "max"),
        Metric("svc.p99", "ms", False, "service time, 99th percentile", "svc p99"),
        Metric("msgs", "", False, "messages per operation", "msgs/op"),
        Metric("stale", "%", False, "reads that missed a finished write", "stale"),
        Metric("unavail", "s", False, "time in which nobody who came was answered", "unavail"),
        Metric("recover", "s", False, "from the end of a fault to ten good answers", "recover"),
        Metric("syncs", "", False, "disk syncs per operation", "syncs/op"),
        Metric("rate", "/s", True, "operations answered in a second", "ok/s"),
    )
}
"""By name, in the order of columns."""


class SeedRun(msgspec.Struct, frozen=True):
    """One run: its verdict, why it is not valid (else empty), its figures."""

    seed: int
    verdict: str | None
    why: str
    digest: str | None
    figures: Figures


Moment = tuple[float, float | None, float | None, int, int]
"""A sixtieth of a load: its begin in seconds, the median and the 99th percentile of its response
times in ms, how many operations were answered, and how many were not."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One algorithm, at one value of what is swept (None where nothing is).

    ranked: whether every run of it is valid; `why` says what is against it, else it is empty.
    stated: the verdict that the scenario states of it. median: of each figure, over the seeds.
    response, service: quantiles and milliseconds over all runs, within 0.8 %. timeline, bands: of
    the first seed, in seconds. repeat: the command that repeats a run, up to the seed.
    """

    algorithm: str
    at: Value | None
    params: dict[str, Value]
    repeat: str
    stated: str | None
    verdict: str
    ranked: bool
    why: str
    runs: list[SeedRun]
    median: Figures
    response: list[tuple[float, float]]
    service: list[tuple[float, float]]
    timeline: list[Moment]
    bands: list[tuple[str, float, float | None]]


class Against(msgspec.Struct, frozen=True):
    """One ranked algorithm against the baseline, at one value of what is swept: a line a metric."""

    algorithm: str
    at: Value | None
    baseline: str
    metrics: list[Paired]


class Sweep(msgspec.Struct, frozen=True):
    """The parameter that is swept, and its values."""

    name: str
    values: list[Value]


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison. `loads` say how operations came; `source` is a digest of the scenario."""

    schema: int = msgspec.field(default_factory=lambda: 1)
    scenario: str
    lesson: str
    loads: list[str]
    closed: bool
    seeds: list[int]
    algorithms: list[str]
    baseline: str | None
    sweep: Sweep | None
    metrics: list[Metric]
    cells: list[Cell]
    against: list[Against]
    repeat: str
    source: str
    versions: dict[str, str]

    def cell(self, algorithm: str, at: Value | None = None) -> Cell | None:
        """The cell of an algorithm at a value, if there is one."""
        wanted = algorithm, at
        return next((c for c in self.cells if (c.algorithm, c.at) == wanted), None)


class Change(msgspec.Struct, frozen=True):
    """One cell against the same one of an older comparison.

    mark: `-` better, `+` worse, `=` no difference that is sure, `!` held and does no more, `*` did
    not hold and does now, `x` not to be compared; `metrics` has marks and ratios one by one.
    """

    algorithm: str
    at: Value | None
    mark: str
    why: str
    metrics: list[Paired]


class Wall(msgspec.Struct, frozen=True):
    """What the simulator took for an algorithm, on this machine, this time: a line a run."""

    algorithm: str
    at: Value | None
    seconds: list[float]
    events_per_s: list[float]


def encoded(value: object) -> bytes:
    """Data as JSON that a person can read, in the order of its fields; always the same bytes."""
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"
