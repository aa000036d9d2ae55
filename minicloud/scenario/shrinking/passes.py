"""Owns the ways to make a failing case smaller, in the order in which they are tried.

Nodes, then operations, faults, durations, delays of messages, and the order of tasks: what a reader
must keep in mind first goes first. Each pass takes a candidate that fails and gives one that fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from minicloud.cloud.script import Do
from minicloud.scenario.shrinking.deltas import fewest, least
from minicloud.scenario.shrinking.trial import Candidate, Trials

__all__ = ["durations", "faults", "nodes", "operations", "targets"]

T = TypeVar("T")

_SIZES = (
    "nodes", "replicas", "servers", "shards", "clients", "workers", "consumers", "keys", "members",
)  # fmt: skip
"""Parameters and knobs of these names, alone or after an underscore, say how large the world is."""

_LENGTHS_S = (0.001, 0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def nodes(candidate: Candidate, trials: Trials) -> Candidate:
    """Fewer of what a parameter or a knob counts: nodes, clients, keys."""
    for name, value in candidate.params.items():
        if _is_size(name, value):

            def with_param(number: int, base: Candidate = candidate, name: str = name) -> Candidate:
                return Candidate({**base.params, name: number}, base.script)

            candidate = with_param(least(_whole(value), 1, with_param, trials.first))
    for name, value in candidate.script.knobs.items():
        if _is_size(name, value):

            def with_knob(number: int, base: Candidate = candidate, name: str = name) -> Candidate:
                return base.with_script(knobs={**base.script.knobs, name: number})

            candidate = with_knob(least(_whole(value), 1, with_knob, trials.first))
    return candidate


def _is_size(name: str, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and any(name == size or name.endswith(f"_{size}") for size in _SIZES)


def _whole(value: Any) -> int:
    return int(value)


def operations(candidate: Candidate, trials: Trials) -> Candidate:
    """Fewer operations of the loads."""
    loads = candidate.script.operations
    flat = [(load, do) for load, done in loads.items() for do in done]

    def build(kept: Sequence[tuple[str, Do]]) -> Candidate:
        return candidate.with_script(operations=_grouped(loads, kept))

    return build(fewest(flat, build, trials.first))


def faults(candidate: Candidate, trials: Trials) -> Candidate:
    """Fewer faults of the nemeses."""
    return _with_faults(candidate, fewest(_faults(candidate), _builder(candidate), trials.first))


def durations(candidate: Candidate, trials: Trials) -> Candidate:
    """Shorter faults, and rounder times."""
    for number, (_, fault) in enumerate(_faults(candidate)):
        lasts, at = fault.lasts, fault.at
        if lasts is not None:
            shorter = [length for length in _LENGTHS_S if length < lasts]
            candidate = _change(candidate, trials, number, "lasts", shorter)
        if at is not None:
            rounder = [round(at, digits) for digits in (0, 1, 2, 3)]
            candidate = _change(candidate, trials, number, "at", rounder)
    return _rounder_times(candidate, trials)


def targets(candidate: Candidate, trials: Trials) -> Candidate:
    """Faults on one host in place of several."""
    for number, (_, fault) in enumerate(_faults(candidate)):
        hosts = getattr(fault, "hosts", ())
        if isinstance(hosts, tuple) and len(hosts) > 1:
            alone = [(host,) for host in hosts]
            candidate = _change(candidate, trials, number, "hosts", alone)
    return candidate


def _rounder_times(candidate: Candidate, trials: Trials) -> Candidate:
    loads = candidate.script.operations
    for digits in (1, 2, 3):

        def rounded(do: Do, digits: int = digits) -> Do:
            return msgspec.structs.replace(do, at=round(do.at, digits))

        changed = {load: tuple(map(rounded, done)) for load, done in loads.items()}
        simpler = candidate.with_script(operations=changed)
        if trials.fails(simpler):
            return simpler
    return candidate


def _change(
    candidate: Candidate, trials: Trials, number: int, field: str, values: Sequence[Any]
) -> Candidate:
    """The candidate with the first of the values that still fails in the field of one fault."""
    flat = _faults(candidate)
    nemesis, fault = flat[number]
    values = [value for value in values if value != getattr(fault, field)]

    def build(value: Any) -> Candidate:
        changed = nemesis, msgspec.structs.replace(fault, **{field: value})
        return _with_faults(candidate, [*flat[:number], changed, *flat[number + 1 :]])

    found = trials.first(map(build, values))
    return candidate if found is None else build(values[found])


def _faults(candidate: Candidate) -> list[tuple[str, Any]]:
    plans = candidate.script.schedules
    return [(nemesis, fault) for nemesis, plan in plans.items() for fault in plan.faults]


def _builder(candidate: Candidate) -> Callable[[Sequence[tuple[str, Any]]], Candidate]:
    return lambda kept: _with_faults(candidate, kept)


def _with_faults(candidate: Candidate, kept: Sequence[tuple[str, Any]]) -> Candidate:
    plans = candidate.script.schedules
    grouped = _grouped(plans, kept)
    changed = {
        name: msgspec.structs.replace(plan, faults=grouped[name]) for name, plan in plans.items()
    }
    return candidate.with_script(schedules=changed)


def _grouped(names: dict[str, Any], pairs: Sequence[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    """The pairs by their first item. A name that has none stays, with nothing: it is dictated."""
    return {name: tuple(item for owner, item in pairs if owner == name) for name in names}
