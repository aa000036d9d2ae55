"""Owns what many results come to: verdicts, causes, coverage, what never happened. Keeps no run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from minicloud.errors import ExitCode
from minicloud.scenario.causes import cause
from minicloud.scenario.running import Result
from minicloud.scenario.sweeping.statistics import Feature, Share, telling

__all__ = ["Cluster", "Tally", "gravest"]

_GRAVEST = (ExitCode.FAILED, ExitCode.INVALID, ExitCode.UNKNOWN)
_MOST_CLUSTERS = 1_000
_MOST_VALUES = 10_000
_REST = "everything else"


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """Of many results, the one that a command ends with."""
    seen = dict.fromkeys(codes)
    return next((code for code in _GRAVEST if code in seen), ExitCode.VALID)


class Cluster(msgspec.Struct, kw_only=True):
    """Runs that failed for one cause. `check` is None where they could not be judged at all."""

    check: str | None
    verdict: str | None
    cause: str
    count: int = 0
    first_seed: int
    example: str
    statistics: list[Share] = []
    """What goes with it beyond chance: values of knobs, and kinds of fault."""


class Tally:
    """What a sweep counts as it goes."""

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self.runs = 0
        self.verdicts: Counter[str] = Counter()
        self.checks: dict[str, list[int]] = {}
        """By check: how often violated, how often undecided, and the first seed of either."""
        self.first_failing: int | None = None
        """The lowest seed that is invalid or could not be run."""
        self.coverage: dict[str, dict[str, dict[str, int]]] = {}
        """How many operations there were, by name, kind of fault in force, and outcome."""
        self.faults: Counter[str] = Counter()
        """How many runs each kind of fault was in force in."""
        self._sometimes: dict[str, bool] = {}
        self._features: Counter[Feature] = Counter()
        self._clusters: dict[tuple[str | None, str | None, str], Cluster] = {}
        self._with: dict[tuple[str | None, str | None, str], Counter[Feature]] = {}
        self._failing: Counter[Feature] = Counter()
        for result in results:
            self.add(result)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.runs += 1
        self.verdicts[result.verdict or "failed"] += 1
        self.faults.update(result.faults)
        room = len(self._features) < _MOST_VALUES
        features = [f for f in _features(result) if room or f in self._features]
        self._features.update(features)
        for name, happened in result.sometimes.items():
            self._sometimes[name] = self._sometimes.get(name, False) or happened
        for f, outcomes in result.coverage.items():
            for outcome, faults in outcomes.items():
                for fault, count in faults.items():
                    row = self.coverage.setdefault(f, {}).setdefault(fault, {})
                    row[outcome] = row.get(outcome, 0) + count
        if result.verdict != "valid":
            self._fails(result, features)

    def _fails(self, result: Result, features: list[Feature]) -> None:
        for check in result.checks:
            if check.verdict != "valid":
                counts = self.checks.setdefault(check.name, [0, 0, result.seed])
                counts[check.verdict == "unknown"] += 1
        if result.verdict != "unknown":
            self.first_failing = least(self.first_failing, result.seed)
            self._failing.update(features)
        for key, example in _causes(result):
            if key not in self._clusters and len(self._clusters) >= _MOST_CLUSTERS:
                key = (*key[:2], _REST)
            if key not in self._clusters:
                self._clusters[key] = Cluster(
                    check=key[0],
                    verdict=key[1],
                    cause=key[2],
                    first_seed=result.seed,
                    example=example,
                )
                self._with[key] = Counter()
            self._clusters[key].count += 1
            self._with[key].update(features)

    @property
    def failures(self) -> int:
        """How many runs were invalid or could not be run."""
        return self.verdicts["invalid"] + self.verdicts["failed"]

    @property
    def never_happened(self) -> list[str]:
        """What was declared to happen sometimes, and happened in no run."""
        return [name for name, happened in self._sometimes.items() if not happened]

    @property
    def clusters(self) -> list[Cluster]:
        """Why runs were not valid: by cause, the gravest and most frequent first."""
        ranks = {None: 0, "invalid": 1, "unknown": 2}
        found = [
            msgspec.structs.replace(
                cluster,
                statistics=telling(self._with[key], self._features, cluster.count, self.runs),
            )
            for key, cluster in self._clusters.items()
        ]
        return sorted(found, key=lambda c: (ranks[c.verdict], -c.count, c.first_seed))

    @property
    def knob_statistics(self) -> list[Share]:
        """What goes with failing, for whatever cause."""
        return telling(self._failing, self._features, self.failures, self.runs, most=10)

    @property
    def code(self) -> ExitCode:
        """The exit code that these results give."""
        counts = (
            (self.verdicts["failed"], ExitCode.FAILED),
            (self.verdicts["invalid"] + len(self.never_happened), ExitCode.INVALID),
            (self.verdicts["unknown"], ExitCode.UNKNOWN),
        )
        return gravest(code for count, code in counts if count)


def least(one: int | None, other: int) -> int:
    """The smaller of two seeds, the first of which may be none."""
    return other if one is None else min(one, other)


def _causes(result: Result) -> Iterator[tuple[tuple[str | None, str | None, str], str]]:
    """Each cause of a result that is not valid, and an example in its own words."""
    guilty = [check for check in result.checks if check.verdict == result.verdict]
    for check in guilty if result.verdict is not None else []:
        why = check.cause or cause(check.detail)
        yield (check.name, check.verdict, why), f"{check.name}: {check.detail}"
    if not guilty or result.verdict is None:
        error = result.error or "no reason given"
        yield (None, result.verdict, cause(error)), error


def _features(result: Result) -> Iterator[Feature]:
    for name, value in result.knobs.items():
        plain = value is None or isinstance(value, bool | int | float | str)
        shown = value if plain else msgspec.json.encode(value).decode()
        yield ("knob", name, shown)
    for kind in result.faults:
        yield ("fault", kind, True)
