"""Owns what is compared: which algorithms, which seeds, which values; and how these are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.comparing.data import Sweep
from minicloud.scenario.params import Param, Value, show
from minicloud.scenario.sweeping import seeds_of

__all__ = ["PUBLISHED", "QUICK", "Algorithm", "algorithms_of", "bench_seeds", "cases", "sweep_of"]

QUICK, PUBLISHED = range(1, 11), range(1, 31)
"""The seeds of a comparison for oneself, and of one for others."""

_MOST_SEEDS, _MOST_VALUES = 1000, 100


class Algorithm(msgspec.Struct, frozen=True):
    """A contender: a variant of the scenario, or a value of one of its parameters."""

    name: str
    variant: str | None
    params: dict[str, Value]


def bench_seeds(text: str | None, *, publish: bool) -> list[int]:
    """The seeds that `1..30` or a count stand for; `UsageError` for what cannot be meant."""
    if text is None:
        return list(PUBLISHED if publish else QUICK)
    if publish:
        raise UsageError("--publish is --seeds 1..30; give one of the two")
    seeds = seeds_of(text)
    if ".." not in text:
        seeds = range(1, len(seeds) + 1)
    # Without an end it is longer than a length may be.
    if seeds.stop - seeds.start > _MOST_SEEDS:
        raise UsageError(f"--seeds {text}: a comparison takes at most {_MOST_SEEDS:,} seeds")
    return list(seeds)


def algorithms_of(
    scenario: Scenario[Any], variants: Sequence[str] | None, by: str | None
) -> list[Algorithm]:
    """The contenders: the variants that are named, all that there are, or values of a parameter.

    Raises `UsageError` for names that are not there, and values that the parameter does not take.
    """
    if by is not None:
        if variants is not None and len(variants) > 1:
            raise UsageError("--by compares values of one variant; name one with --variants")
        name, values = _values(scenario, by, "--by")
        variant = scenario.case(variants[0]).variant if variants else None
        return [Algorithm(f"{name}={show(v)}", variant, {name: v}) for v in values]
    if variants is None:
        names = list(scenario.variants)
        return [Algorithm(n, n, {}) for n in names] or [Algorithm("defaults", None, {})]
    chosen = [str(scenario.case(word.strip()).variant) for word in variants]
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--variants: {twice} is named twice")
    return [Algorithm(name, name, {}) for name in chosen]


def sweep_of(scenario: Scenario[Any], text: str) -> Sweep:
    """The parameter and the values that `rate=100..2000:100`, or `rate=100,200`, stand for."""
    return Sweep(*_values(scenario, text, "--sweep"))


def cases(
    scenario: Scenario[Any],
    algorithm: Algorithm,
    params: Mapping[str, Value],
    sweep: Sweep | None,
    until: float | None,
) -> Iterator[tuple[Value | None, Case]]:
    """The case of an algorithm at each value of what is swept."""
    for at in [None] if sweep is None else sweep.values:
        swept = {} if sweep is None or at is None else {sweep.name: at}
        values = {**params, **algorithm.params, **swept}
        yield at, scenario.case(algorithm.variant, values, until=until)


def _values(scenario: Scenario[Any], text: str, option: str) -> tuple[str, list[Value]]:
    name, equals, words = text.partition("=")
    if name not in scenario.params:
        scenario.parse([f"{name}=0"])  # says which parameters there are
    param = scenario.params[name]
    if not equals and (param.choices or param.type is bool):
        return name, list(param.choices or (True, False))
    parts = words.split(",") if words else []
    values = [value for part in parts for value in _range(param, part, f"{option} {text}")]
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"{option} {text}: {show(value)} is there twice")
    if not values:
        raise UsageError(f"{option} {text}: write {name}=1,2,3 or {name}=100..800:100")
    if len(values) > _MOST_VALUES:
        raise UsageError(f"{option} {text}: {len(values)} values; at most {_MOST_VALUES} are tried")
    return name, values


def _range(param: Param, text: str, told: str) -> list[Value]:
    first, dots, rest = text.partition("..")
    if not dots:
        return [_value(param, text, told)]
    last, _, step = rest.partition(":")
    if param.type not in (int, float):
        raise UsageError(f"{told}: {param.name} takes {param.kind}, so there is no range of it")
    low, high = (Fraction(str(_value(param, word, told))) for word in (first, last))
    width = Fraction(str(_value(param, step, told))) if step else None
    if high < low or (width is not None and width <= 0) or (width is None and low <= 0):
        raise UsageError(
            f"{told}: write a range as 100..800:100, from low to high by a step above 0; without "
            "a step each value is twice the one before"
        )
    values: list[Value] = []
    while low <= high and len(values) <= _MOST_VALUES:
        values.append(param.type(low))
        low = low + width if width else low * 2
    return values


def _value(param: Param, text: str, told: str) -> Value:
    value = param.parse(text.strip())
    if value is None:
        raise UsageError(f"{told}: {param.name} takes {param.kind}, and {text!r} is none")
    return value
