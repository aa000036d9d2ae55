"""Owns the rules of primary-backup replication: when a command has happened; knows no node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Mode", "Rules", "committed"]

Mode: TypeAlias = Literal["async", "semi-sync", "sync"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How many copies an acknowledgement stands for.

    async: one, the primary's. semi-sync: the primary's and those of any `acks` others. sync: those
    of all members of the view, if they are at least `floor`.
    """

    mode: Mode
    acks: int = 1
    floor: int = 1


def committed(
    rules: Rules, own: int, others: Mapping[str, int], *, members: int, must: Sequence[str]
) -> int:
    """The index up to which commands have happened, 0 where nothing can be said.

    own, others: up to where the logs of the primary, and of who else, are durable and equal to the
    primary's. members: how many are in the view. must: who else has to have it in `sync` mode: all
    other members, and whoever may be one by now without the primary's knowing.
    """
    if rules.mode == "async":
        return own
    if rules.mode == "semi-sync":
        have = sorted(others.values(), reverse=True)
        return min(own, have[rules.acks - 1]) if rules.acks <= len(have) else 0
    if members < rules.floor:  # the rule
        return 0
    return min([own, *(others.get(name, 0) for name in must)])
