"""Owns what replicas, the monitor and clients say to each other; knows no node."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from minicloud.node.messages.message import Message, Request
from minicloud.protocols.kv import Command, Done, ReadCommand
from minicloud.protocols.replication import Entry, Mark, View

__all__ = [
    "Answered",
    "Begin",
    "Change",
    "Elsewhere",
    "Granted",
    "Look",
    "Newest",
    "Order",
    "Past",
    "Ping",
    "Promised",
    "Seal",
    "Ship",
    "Shipped",
    "Tip",
    "Which",
]

# Clients.

Past: TypeAlias = int | tuple[int, ...]


class Answered(msgspec.Struct, frozen=True, tag=True):
    """It was carried out."""

    done: Done


class Elsewhere(msgspec.Struct, frozen=True, tag=True):
    """Not here, not now. `hint` may know better."""

    hint: str = ""
    why: str = ""
    maybe: bool = False
    """Whether it has a place in the log, and may happen yet; else this node did nothing."""
    lost: bool = False
    """Whether what the session has seen was given up in a failover."""


class Order(Request[Answered | Elsewhere], service="replica"):
    """Carry out a command, once, however often this arrives.

    `client` and `serial` name the request; the client waits for no answer to one below `closed`.
    `past` is the position that the session has seen; or several, of which none may be lost, where
    histories may part. `attempt` counts how often it was asked.
    """

    command: Command
    client: str
    serial: int
    closed: int
    past: Past = 0
    attempt: int = 0


class Look(Request[Answered | Elsewhere], service="replica"):
    """Answer a question: as it is just now (`strong`), or from what this node knows.

    It must know all up to `past`, what was so `age` seconds ago, and all but `versions` changes.
    With `dirty` also what may still be undone.
    """

    command: ReadCommand
    strong: bool = False
    past: Past = 0
    age: float | None = None
    versions: int | None = None
    dirty: bool = False


# Replicas.


class Shipped(msgspec.Struct, frozen=True):
    """If `ok`, the receiver's log is durable and equal up to `have`. If not, it heeds only views
    from `number` on, or the logs can be equal at most up to `have`. `clean`: what has happened.
    """

    number: int
    ok: bool
    have: int
    clean: int = 0
    round: int = 0


class Ship(Request[Shipped], service="replica"):
    """A part of the log, after `prev`, in this view; nothing, as a sign of life.

    `commit` is what has happened as far as the sender knows, `round` counts its questions whether
    it is still heard, `until` is the end of its log when it came into the view.
    """

    sender: str
    view: View
    prev: Mark
    entries: tuple[Entry, ...]
    commit: int
    round: int
    until: int


class Tip(msgspec.Struct, frozen=True):
    """How far a store had come: the index in the log, and the revision."""

    index: int
    revision: int


class Newest(Request[Tip | None], service="replica"):
    """How far have you come? Asked of a primary by its backups, of a tail by the other members."""

    number: int


# The monitor.


class Granted(msgspec.Struct, frozen=True):
    """The view in force, and whether the asker has a lease in it from when it asked."""

    view: View
    leased: bool


class Ping(Request[Granted], service="views"):
    """A sign of life; see `Authority.hear`."""

    node: str
    number: int
    able: bool


class Change(Request[View], service="views"):
    """A member of a view wants another one; the answer is the view in force."""

    node: str
    view: View


class Which(Request[View], service="views"):
    """Which view is in force?"""


class Promised(msgspec.Struct, frozen=True):
    """A node heeds nothing below `number`, and its log ends at `end`."""

    number: int
    end: Mark


class Seal(Request[Promised], service="views"):
    """Heed no view below this number any more, and say how far you have come."""

    number: int


class Begin(Message, service="views"):
    """A view is in force."""

    view: View
