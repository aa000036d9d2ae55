"""Owns the last thing to be cut: which delays of messages, and which choices of tasks, are not the
plainest ones. Each that is left is a deviation.

In a script's `tape`, `neutral` are the purposes of streams whose decisions have their neutral
values, and `keep` says, by stream, the numbers of those that stay as the seed has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minicloud.kernel.orders.tapes import NEUTRAL_KINDS
from minicloud.scenario.shrinking.deltas import fewest
from minicloud.scenario.shrinking.trial import Candidate, Trials

__all__ = ["delays", "deviations", "order"]

Decision = tuple[str, int]
"""A stream, by its names with a space between, and a number in it."""


def delays(candidate: Candidate, trials: Trials) -> Candidate:
    """Every message takes the median time, but for those that must not."""
    return _plainest(candidate, trials, "link")


def order(candidate: Candidate, trials: Trials) -> Candidate:
    """Tasks run in the order of their birth, but where they must not."""
    return _plainest(candidate, trials, "schedule")


def deviations(counts: Mapping[tuple[str, ...], int], tape: Mapping[str, Any]) -> int:
    """How many decisions of a run are not the plainest ones, given how many there were."""
    neutral, keep = tape.get("neutral", ()), tape.get("keep", {})
    total = 0
    for names, count in counts.items():
        if names[0] in neutral:
            total += sum(number < count for number in keep.get(" ".join(names), ()))
        elif names[0] in NEUTRAL_KINDS:
            total += count
    return total


def _plainest(candidate: Candidate, trials: Trials, kind: str) -> Candidate:
    tape = candidate.script.tape
    kinds = [*tape.get("neutral", ())]
    others = {name: kept for name, kept in tape.get("keep", {}).items() if _kind(name) != kind}

    def build(kept: Sequence[Decision]) -> Candidate:
        keep: dict[str, list[int]] = {}
        for name, number in kept:
            keep.setdefault(name, []).append(number)
        neutral = kinds if kind in kinds else [*kinds, kind]
        keeping = {**others, **keep}
        plain = {"neutral": neutral, "keep": keeping} if keeping else {"neutral": neutral}
        return candidate.with_script(tape=plain)

    if kind in kinds:
        keep = tape.get("keep", {})
        mine = [(n, i) for n, kept in keep.items() if _kind(n) == kind for i in kept]
        return build(fewest(mine, build, trials.first))
    counts = trials.decisions(candidate)
    streams = [" ".join(names) for names in counts if names[0] == kind]
    by_name = {" ".join(names): count for names, count in counts.items()}

    def build_streams(kept: Sequence[str]) -> Candidate:
        return build([(name, number) for name in kept for number in range(by_name[name])])

    if not trials.fails(build_streams(streams)):
        return candidate  # a budget is used up, or the run drew no such thing
    kept_streams = fewest(streams, build_streams, trials.first)
    kept = [(name, number) for name in kept_streams for number in range(by_name[name])]
    return build(fewest(kept, build, trials.first))


def _kind(stream: str) -> str:
    return stream.partition(" ")[0]
