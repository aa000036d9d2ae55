"""What nobody was told of a store's operations: what they may have been, and what had ended before.

Knows no states and no search: it gives the operations that a search may use or leave out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.values import TRUE

__all__ = ["decided", "may_have_ended"]


def decided(op: Operation) -> list[Operation]:
    """What an operation of unknown outcome may have been, where a state does not tell.

    A transaction that asked about a revision may have gone either way. To allow both, and even both
    at once, allows more than there was, so nothing is convicted wrongly.
    """
    if op.f == "transact":
        when, then, otherwise = op.argument
        plain = tuple(one for one in when if not (one[1] == "revision" and one[3] != 0))
        if len(plain) < len(when):
            ways = [(plain, then, ()), ((), otherwise, ())]
            return [msgspec.structs.replace(op, argument=way) for way in ways if way[1]]
    return [op]


def may_have_ended(op: Operation) -> list[Operation]:
    """Ends of lent entries on which it depends what an operation did, and which nobody told of."""
    keys: list[Any] = []
    if op.f == "add" and not op.known:
        keys = [op.key]
    elif op.f == "transact":
        when, then, otherwise = op.argument
        keys = [condition[0] for condition in when]
        if not op.known:
            keys += [command[1] for command in (*then, *otherwise) if command[0] == "add"]
        elif op.result[0] is TRUE or len(dict.fromkeys(keys)) < 2:
            return []
    return [
        msgspec.structs.replace(
            op, f="end", key=key, argument=key, result=None, outcome="info", end=None, end_ns=None
        )
        for key in dict.fromkeys(keys)
    ]
