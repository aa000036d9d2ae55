"""Owns a schedule: faults with their times, as one value. When they come true is the nemesis's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.net.faults.names import FieldError
from minicloud.net.faults.values import Fault
from minicloud.node.faults.kinds import AnyFault
from minicloud.node.faults.toml.reading import parse, text_of
from minicloud.node.faults.toml.writing import dump

__all__ = ["Schedule"]

_TOP: dict[str, Any] = {"heal_at": float, "quiet": list[list[float]], "guard": str | int}
"""What stands above the faults in a file, and of which type."""


class Schedule(msgspec.Struct, frozen=True):
    """Timed faults as data: `Schedule([Partition(halves, at=5, lasts=30)], heal_at=60)`.

    Times are virtual seconds from the schedule's start.
    """

    faults: Sequence[AnyFault] = msgspec.field(default=(), name="fault")
    """What comes, each with its `at` and `lasts`; always a tuple."""
    heal_at: float | None = None
    """When everything is healed: links whole, hosts up and running, clocks right."""
    quiet: Sequence[tuple[float, float]] = ()
    """Windows (from, to) in which no fault is in force."""
    guard: str | int | None = "minority"
    """How many hosts at most may be down, paused or cut off at once: fewer than half of those under
    test ("minority"), a number, or any number of them (None)."""

    def __post_init__(self) -> None:
        set_field = msgspec.structs.force_setattr
        set_field(self, "faults", tuple(self.faults))
        for number, fault in enumerate(self.faults):
            if not isinstance(fault, Fault):
                raise _wrong(f"faults[{number}]", f"give a fault, and not {fault!r}")
        if self.heal_at is not None:
            if not 0 < self.heal_at < math.inf:
                raise _wrong("heal_at", f"give seconds above 0, and is {self.heal_at:g}")
            set_field(self, "heal_at", float(self.heal_at))
        for number, window in enumerate(self.quiet):
            if len(window) != 2 or not 0 <= window[0] < window[1] < math.inf:
                problem = f"give [from, to] in seconds, and is {list(window)}"
                raise _wrong(f"quiet[{number}]", problem)
        set_field(self, "quiet", tuple((float(begin), float(end)) for begin, end in self.quiet))
        set_field(self, "guard", None if self.guard == "none" else self.guard)
        if not (self.guard is None or self.guard == "minority" or _is_count(self.guard)):
            raise _wrong("guard", f'say "minority", "none" or a number, and not {self.guard!r}')

    def in_order(self) -> tuple[Fault, ...]:
        """The faults by their time; equal times stay in the order given."""
        return tuple(sorted(self.faults, key=lambda fault: fault.at or 0.0))

    @classmethod
    def loads(cls, text: str, name: str = "schedule") -> Schedule:
        """Read a schedule from TOML.

        Raises `FileError`: `name`, line and field, and what to write instead.
        """
        return parse(text, name, cls, _TOP)

    @classmethod
    def read(cls, path: str | Path) -> Schedule:
        """Read a schedule from a TOML file; raises `FileError` as `loads` does."""
        return cls.loads(text_of(Path(path)), str(path))

    def dumps(self) -> str:
        """The schedule as TOML, as `loads` reads it.

        Raises `UsageError` for a fault that holds a function: `Drop(when=…)`.
        """
        guard = "none" if self.guard is None else self.guard
        top = {
            "heal_at": self.heal_at,
            "quiet": self.quiet or None,
            "guard": None if guard == "minority" else guard,
        }
        return dump(self.faults, top)

    def write(self, path: str | Path) -> None:
        """Write the schedule to a TOML file; raises as `dumps` does, before anything is written.

        Raises `UsageError` where the file can't be written.
        """
        text = self.dumps()
        try:
            Path(path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error.strerror}") from None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wrong(field: str, problem: str) -> FieldError:
    return FieldError("Schedule", field, problem)
