"""Owns which seeds a sweep tries and when it is over, and how these are written; runs nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from minicloud.errors import UsageError

__all__ = ["SEED_TIMEOUT_S", "Plan", "plan_of", "seeds_of", "shard_of"]

SEED_TIMEOUT_S = 120.0
_ENDLESS = 2**62
_OPEN = range(_ENDLESS)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The seeds in their order; and what else may end the sweep.

    budget_s: wall seconds after which no further seed begins. until_failure: end at the first seed
    that is invalid or cannot be run. seed_timeout_s: wall seconds that one run may take.
    """

    seeds: Sequence[int]
    budget_s: float | None = None
    until_failure: bool = False
    seed_timeout_s: float = SEED_TIMEOUT_S

    @property
    def count(self) -> int | None:
        """How many seeds there are, or None where only time or a failure ends it."""
        endless = isinstance(self.seeds, range) and len(self.seeds) and self.seeds[-1] > 2**60
        return None if endless else len(self.seeds)


def plan_of(
    seeds: Iterable[int] | int | None,
    *,
    shard: tuple[int, int] | str | None = None,
    budget_s: float | None = None,
    until_failure: bool = False,
    seed_timeout_s: float = SEED_TIMEOUT_S,
) -> Plan:
    """The plan of these choices. Without seeds there are 100; or no end of them, where something
    else ends it.

    Raises `UsageError` for what cannot be meant.
    """
    bounded = budget_s is not None or until_failure
    if seeds is None:
        seeds = _OPEN if bounded else 100
    chosen = range(seeds) if isinstance(seeds, int) else seeds
    chosen = chosen if isinstance(chosen, range) else list(chosen)
    for name, value in (("budget", budget_s), ("seed-timeout", seed_timeout_s)):
        if value is not None and not 0 < value < math.inf:
            raise UsageError(f"{name} must be a time above 0, and is {value!r}")
    if isinstance(shard, str):
        shard = shard_of(shard)
    if shard is not None:
        part, parts = shard
        if not 1 <= part <= parts:
            raise UsageError(f"shard {part}/{parts}: {_SHARDS}")
        chosen = chosen[part - 1 :: parts]
    plan = Plan(
        seeds=chosen,
        budget_s=budget_s,
        until_failure=until_failure,
        seed_timeout_s=seed_timeout_s,
    )
    if plan.count is None and not bounded:
        raise UsageError("seeds without an end need --budget or --until-failure")
    if not chosen:
        raise UsageError("there is no seed to try: give more seeds, or fewer shards")
    return plan


_SHARDS = "write I/N with I from 1 to N, such as 2/8"


def shard_of(text: str) -> tuple[int, int]:
    """The part and the number of parts that `2/8` stands for; `UsageError` otherwise."""
    part, _, parts = text.partition("/")
    if all(w.isascii() and w.isdigit() and len(w) < 10 for w in (part, parts)):
        shard = int(part), int(parts)
        if 1 <= shard[0] <= shard[1]:
            return shard
    raise UsageError(f"--shard {text}: {_SHARDS}")


def seeds_of(text: str) -> range:
    """The seeds that `0..999` (both included), `1000..` or a count stand for; `UsageError` else."""
    first, dots, last = text.partition("..")
    words = (first, last) if last else (first,)
    proper = all(w.isascii() and w.isdigit() and int(w) < 2**60 for w in words)
    if not proper or (last and int(last) < int(first)):
        raise UsageError(f"--seeds {text}: write a range such as 0..999, or a count such as 200")
    if dots:
        return range(int(first), int(last) + 1 if last else _ENDLESS)
    if not int(first):
        raise UsageError(f"--seeds {text}: that is no seed at all; write a count above 0")
    return range(int(first))
