"""Which seeds and limits a cloud test gets, from command line, marker and ini; runs nothing."""

from __future__ import annotations

import math
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any, Literal

import msgspec
import pytest

from minicloud.errors import UsageError
from minicloud.kernel.limits import Limits

__all__ = ["Plan", "plan_of", "seed_of"]

_WHOLE = {"seeds": 1, "seed": 0, "exhaustive": 0, "crash_points": 1, "events": 1, "instant": 1}
"""Options that are whole numbers, with their least value; the others are numbers above 0."""

_LIMITS = Limits.__struct_fields__
_GUARDS = ("error", "virtual", "off")
_OPTIONS = (
    "seeds", "seed", "order", "exhaustive", "crash_points", "guard", *_LIMITS, "check_timeout"
)  # fmt: skip


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one test item runs: the seeds `seed` .. `seed + seeds - 1`, each within the limits.

    order: that of tasks and messages. exhaustive: every order with that many deviations from one.
    crash_points: how many crash points to try, each in a run of its own. guard: what becomes of
    code that reaches for the real world.
    """

    seed: int
    seeds: int
    limits: Limits
    check_timeout: float
    order: str = "random"
    exhaustive: int | None = None
    crash_points: int | None = None
    guard: Literal["error", "virtual", "off"] = "error"


def seed_of(node_id: str) -> int:
    """The seed of a test that nobody gave one: below a million, so that it can be read aloud.

    It depends on the node id alone (file relative to pytest's root, names, parameters), so it is
    the same on every machine, in every process and for every hash seed.
    """
    digest = blake2b(node_id.encode(), digest_size=8, person=b"minicloud-test")
    return int.from_bytes(digest.digest()) % 1_000_000


def plan_of(item: pytest.Item, node_id: str) -> Plan:
    """The plan of a cloud test: the command line wins over the marker, the marker over the ini.

    Raises `UsageError` for a marker argument or an ini value that cannot be.
    """
    config = item.config
    chosen: dict[str, Any] = {}
    for name in (*_LIMITS, "check_timeout"):
        text = config.getini(f"minicloud_{name}")
        if text is not None:
            chosen[name] = _number(name, text, f"{config.inipath}: minicloud_{name} = {text}")
    guard = config.getini("minicloud_guard")
    if guard is not None:
        chosen["guard"] = _guard(guard, f"{config.inipath}: minicloud_guard = {guard}")
    # Farthest first: the mark of a function overrides the one of its class or module, name by name.
    for mark in reversed(list(item.iter_markers("minicloud"))):
        chosen.update(_read_mark(mark, node_id))
    if "exhaustive" in chosen and "order" in chosen:
        raise UsageError(
            f"{node_id}: exhaustive runs every order; leave order={chosen['order']!r} out"
        )
    for name in ("seed", "seeds"):
        given = config.getoption(f"minicloud_{name}")
        if given is not None:
            chosen[name] = given
    return Plan(
        seed=chosen.get("seed", seed_of(node_id)),
        seeds=chosen.get("seeds", 1),
        limits=Limits(**{name: chosen[name] for name in _LIMITS if name in chosen}),
        check_timeout=chosen.get("check_timeout", 30.0),
        order=chosen.get("order", "random"),
        exhaustive=chosen.get("exhaustive"),
        crash_points=chosen.get("crash_points"),
        guard=chosen.get("guard", "error"),
    )


def _read_mark(mark: pytest.Mark, node_id: str) -> dict[str, Any]:
    if mark.args:
        raise UsageError(
            f"{node_id}: @pytest.mark.minicloud takes named options only. "
            f"Write: @pytest.mark.minicloud(seeds={mark.args[0]!r})"
        )
    read: dict[str, Any] = {}
    for name, value in mark.kwargs.items():
        if name not in _OPTIONS:
            near = get_close_matches(name, _OPTIONS, n=1)
            guess = f"did you mean {near[0]}?" if near else f"it has {', '.join(_OPTIONS)}"
            raise UsageError(f"{node_id}: @pytest.mark.minicloud has no option {name!r}; {guess}")
        where = f"{node_id}: @pytest.mark.minicloud({name}={value!r})"
        special = {"order": _order, "guard": _guard}.get(name)
        read[name] = special(value, where) if special else _number(name, value, where)
    return read


def _guard(value: object, where: str) -> str:
    if value not in _GUARDS:
        raise UsageError(f"{where}: guard takes {', '.join(_GUARDS)}")
    return str(value)


def _order(value: object, where: str) -> str:
    from minicloud.kernel.orders.order import Order  # noqa: PLC0415 - collecting imports no Trio

    try:
        return str(Order.parse(str(value)))
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _number(name: str, value: object, where: str) -> int | float:
    least = _WHOLE.get(name)
    number = _parsed(value, float if least is None else int)
    if number is None or not (0 < number < math.inf if least is None else number >= least):
        wanted = "a number above 0" if least is None else f"a whole number of at least {least}"
        raise UsageError(f"{where}: {name} takes {wanted}")
    return number


def _parsed(value: object, kind: type[int | float]) -> int | float | None:
    """The value if it is a number of that kind, or the text of one; None where it is not."""
    if isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int if kind is int else int | float):
        return None
    return value
