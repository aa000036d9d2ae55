"""Owns the names of orders, `random`, `fifo`, `starve` and `pct:3`; knows not what they do."""

from __future__ import annotations

from difflib import get_close_matches
from typing import ClassVar

import msgspec

from minicloud.errors import UsageError

__all__ = ["Order"]

_NAMES = ("random", "fifo", "starve", "pct")
_DEEPEST = 64


class Order(msgspec.Struct, frozen=True):
    """In which order tasks and messages take their turn, as it is written: `pct:3:5000`.

    random: each batch of runnable tasks is shuffled; messages take the delays that are drawn.
    fifo: whoever waited longest is next.
    starve: one task at a time; a victim waits as long as anything else can run.
    pct: one task at a time by priorities, with `depth` - 1 changes, within `horizon` decisions.
    """

    name: str = "random"
    depth: int = 3
    horizon: int | None = None

    DEFAULT_DEPTH: ClassVar[int] = 3

    @classmethod
    def parse(cls, text: str) -> Order:
        """The order that a text means. Raises `UsageError` where it means none."""
        name, *numbers = text.split(":")
        if name not in _NAMES:
            near = get_close_matches(name, _NAMES, n=1)
            guess = f"did you mean {near[0]!r}?" if near else "write random, fifo, starve or pct:3"
            raise UsageError(f"There is no order {text!r}; {guess}")
        if not numbers:
            return cls(name)
        if name != "pct":
            raise UsageError(f"Order {text!r}: {name} takes no number; write {name!r}")
        read = [int(number) if number.isascii() and number.isdigit() else 0 for number in numbers]
        if len(read) > 2 or not 1 <= read[0] <= _DEEPEST or read[-1] < 1:
            raise UsageError(
                f"Order {text!r}: write 'pct:3' for bugs of depth 3 (1 to {_DEEPEST}), or "
                "'pct:3:5000' where a run makes about 5000 decisions"
            )
        return cls(name, *read)

    def __str__(self) -> str:
        if self.name != "pct":
            return self.name
        return f"pct:{self.depth}" + ("" if self.horizon is None else f":{self.horizon}")
