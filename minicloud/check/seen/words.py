"""Operations on a store and their versions in words; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.words import Teller
from minicloud.check.models import MODELS
from minicloud.check.seen.view import Edition
from minicloud.check.values import show_seconds, telling_digits

__all__ = ["Words"]

MANY = 6


class Words(msgspec.Struct, frozen=True):
    """Tells about operations. `timed` is False where times are line numbers."""

    timed: bool = True
    digits: int = 3

    @staticmethod
    def of(operations: Iterable[Operation], *, timed: bool) -> Words:
        """Words whose times tell these operations apart."""
        moments = [m for op in operations for m in (op.start_ns, op.end_ns) if m is not None]
        return Words(timed, telling_digits(moments))

    def did(self, op: Operation) -> str:
        """`bob read x=1`."""
        return f"{op.who} {self.teller(op).did(op)}"

    def had(self, op: Operation) -> str:
        """`bob had written x=2`."""
        return f"{op.who} had {self.teller(op).did(op, had=True)}"

    def teller(self, op: Operation) -> Teller:
        return Teller(MODELS["store"], op.key, self.timed, self.digits)

    def version(self, edition: Edition | None) -> str:
        """` (version 3)`, or nothing where nobody told."""
        if edition is None or edition.number is None:
            return ""
        return f" (version {self.number(edition.number)})"

    def number(self, number: object) -> str:
        return "@".join(str(part) for part in number) if isinstance(number, tuple) else str(number)

    def at(self, moment: int | None) -> str:
        if moment is None:
            return "without an end"
        return f"at {show_seconds(moment, self.digits)} s" if self.timed else f"at line {moment}"

    def span(self, op: Operation) -> str:
        return self.teller(op).span(op)

    def listed(self, operations: Iterable[Operation]) -> str:
        """All of them, or the first few, with their times."""
        every = list(operations)
        told = [f"{self.did(op)} ({self.span(op)})" for op in every[:MANY]]
        if len(every) > MANY:
            told.append(f"and {len(every) - MANY} more")
        return ", ".join(told)
