"""What clients and leaders say to each other, and the updates that leaders pass on."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.node.messages.message import Message, Request
from minicloud.protocols.causality import Context, Vector
from minicloud.protocols.kv import Command, Done
from minicloud.protocols.versions import Held, Version

__all__ = ["Act", "Lacking", "Ship", "Update"]


class Update(msgspec.Struct, frozen=True, array_like=True):
    """What one write made of a key, at the leader that took it.

    `number` counts the leader's own writes; `after` says which of the others' it had met. `held`
    includes all that it had met under the key, so it may be merged any number of times.
    """

    origin: str
    number: int
    after: Vector
    key: str
    held: Held


class Act(Request[Done], service="kv"):
    """Carry out a command, once you have met all that `after` says.

    `client` and `serial` name the request: the network may deliver it twice. The client waits for
    no answer to one below `closed`. `stamp` is the client's, where its clock decides.
    """

    command: Command
    after: Vector = {}  # noqa: RUF012 - a struct copies its defaults
    client: str = ""
    serial: int = 0
    closed: int = 1
    stamp: Version | None = None


class Ship(Message, service="kv"):
    """These are new; nobody waits for you."""

    updates: tuple[Update, ...]


class Lacking(Request[tuple[Update, ...]], service="kv"):
    """Which updates do you have, of whatever leader, that are not among these?"""

    received: Context
    limit: int


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What a leader's journal keeps of an update; of its own ones also the request.

    `over` are the values that the write took the place of, for those who count lost writes.
    """

    update: Update
    over: tuple[Any, ...] = ()
    client: str = ""
    serial: int = 0
    closed: int = 1
    value: Any = None
