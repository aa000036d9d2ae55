"""Owns what the specs of loads share: their checks, their rate, values that nobody else writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import UsageError
from minicloud.workload.arrivals import Arrivals, Poisson

if TYPE_CHECKING:
    from minicloud.cloud import Cloud

__all__ = ["arrivals_of_one", "check_spec", "values_of"]

_APART = 1_000_000
"""How far apart the values of two loads on the same service begin."""


def check_spec(spec: Any, *, counts: Sequence[str]) -> None:
    """Raise `UsageError` for numbers, modes and times that no load can have."""
    load = type(spec).__name__
    for field in counts:
        value = getattr(spec, field)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UsageError(f"{load}: {field}={value!r}: give a number from 1")
    if spec.connections is not None:
        _check_connections(load, spec)
    if spec.mode not in ("open", "closed"):
        raise UsageError(f"{load}: mode={spec.mode!r}: write 'open' or 'closed'")
    if spec.lasts is not None and not spec.lasts > 0:
        raise UsageError(f"{load}: lasts={spec.lasts!r}: give seconds above 0")
    if spec.arrivals is not None and spec.per_s is not None:
        raise UsageError(f"{load}: give per_s or arrivals, not both; arrivals has its own per_s")


def _check_connections(load: str, spec: Any) -> None:
    value = spec.connections
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{load}: connections={value!r}: give a number from 1, or None")
    if spec.mode == "closed":
        raise UsageError(f"{load}: a closed loop has one call under way; leave connections out")


def arrivals_of_one(spec: Any, default_per_s: float) -> Arrivals:
    """When the calls of one client begin: its share of the rate of all."""
    per_s = default_per_s if spec.per_s is None else spec.per_s
    whole: Arrivals = Poisson(per_s) if spec.arrivals is None else spec.arrivals
    return msgspec.structs.replace(whole, per_s=whole.per_s / spec.clients)


def values_of(cloud: Cloud, subject: str, clients: int) -> Callable[[int], Callable[[], int]]:
    """From a client's number to a source of values that no other source on the subject gives."""
    tag = f"load on {subject}"
    number = cloud.net.unique(tag).removeprefix(tag)
    base = _APART * (int(number.removeprefix("-")) if number else 0)
    return lambda client: _Values(base + client, clients)


class _Values:
    """The values of one client: `clients` apart, so that no other client writes the same."""

    def __init__(self, first: int, step: int) -> None:
        self._next = first
        self._step = step

    def __call__(self) -> int:
        value, self._next = self._next, self._next + self._step
        return value
