"""Owns what every fault has in common: when, how long, and the words for a field that is wrong.

A fault is a frozen value: what is wrong, and with whom. The same classes serve `with cloud.net.…`,
`cloud.inject` and schedules, and can be written as TOML.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.net.faults.names import FieldError, flat, is_selector

__all__ = ["Fault", "detail_of", "must_be_resolved", "timeless", "unresolved"]


class Fault(msgspec.Struct, frozen=True, tag_field="fault", kw_only=True):
    """Something wrong with links or with machines."""

    at: float | None = None
    """In a schedule, when it comes: seconds from the schedule's start; None is at its start."""
    lasts: float | None = None
    """In a schedule, for how many seconds; None is until the schedule heals everything."""

    def __post_init__(self) -> None:
        if self.at is not None:
            self.require("at", self.at, least=0.0)
        if self.lasts is not None:
            self.require("lasts", self.lasts, above=0.0)

    @property
    def kind(self) -> str:
        """The fault's name in traces and reasons."""
        return str(self.__struct_config__.tag)

    def covers(self, source: str, target: str) -> bool:
        """Whether the fault lies on the link from `source` to `target`."""
        raise NotImplementedError

    def wrong(self, field: str, problem: str) -> FieldError:
        """The error for a field that means nothing."""
        return FieldError(type(self).__name__, field, problem)

    def require(
        self,
        field: str,
        value: Any,
        *,
        least: float | None = None,
        above: float | None = None,
        unit: str = "seconds",
        whole: bool = False,
    ) -> None:
        """Raise `FieldError` unless `value` is a finite number so large, and keep it as a float."""
        good = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        good = good and (least is None or value >= least) and (above is None or value > above)
        if good and math.isfinite(value):
            self._keep(field, value if whole else float(value))
            return
        bound = f"above {above:g}" if above is not None else f"of {least:g} or more"
        raise self.wrong(field, f"give {unit} {bound}, and is {said(value)}")

    def require_share(self, field: str) -> None:
        """Raise `FieldError` unless the field is a probability."""
        value = getattr(self, field)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not (good and 0 <= value <= 1):
            raise self.wrong(field, f"a probability goes from 0 to 1, and is {said(value)}")
        self._keep(field, float(value))

    def _keep(self, field: str, value: Any) -> None:
        # 3 seconds are the 3.0 that a file gives back, for the trace tells them as they are.
        msgspec.structs.force_setattr(self, field, value)


def said(value: Any) -> str:
    """A value as its writer wrote it: -3 for what became -3.0."""
    return f"{value:g}" if isinstance(value, float) else repr(value)


def timeless(fault: Fault) -> Fault:
    """The same fault without `at` and `lasts`, which mean something in a schedule only."""
    return msgspec.structs.replace(fault, at=None, lasts=None)


def unresolved(fault: Fault) -> str | None:
    """A selector or a shape in the fault for which no host has been named yet, or None."""
    for field in fault.__struct_fields__:
        value = getattr(fault, field)
        if isinstance(value, str) and field != "groups":
            continue
        for name in flat(value):
            if is_selector(name):
                return name
    return None


def detail_of(fault: Fault) -> str:
    """What the trace says of a fault: its fields, but for its time and for functions."""
    return ";".join(
        f"{field}={value!r}"
        for field in fault.__struct_fields__
        if field not in ("at", "lasts") and not callable(value := getattr(fault, field))
    )


def must_be_resolved(fault: Fault) -> None:
    """Raise `UsageError` where a fault still says "whoever fits", which is a schedule's to find."""
    name = unresolved(fault)
    if name is not None:
        raise UsageError(
            f"{type(fault).__name__}: {name} has no host yet. Give names, or let a schedule find "
            "them when the fault comes"
        )
