"""What a key-value store can be asked to do, and what it answers: values, and nothing that acts.

The operations are those of etcd's v3 store: revisions, compare-then-else transactions, leases,
changes since a revision. Knows no state, no node and no clock; every time in here is a number that
somebody else has read off one.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

__all__ = [
    "Add",
    "Cas",
    "Change",
    "Changes",
    "Command",
    "Compact",
    "Compacted",
    "Compare",
    "Delete",
    "Done",
    "DropField",
    "Exclude",
    "Expire",
    "Get",
    "Grant",
    "Include",
    "KeepAlive",
    "Merging",
    "Put",
    "ReadCommand",
    "Revoke",
    "Scan",
    "SetField",
    "Transact",
    "WriteCommand",
    "command_of",
    "plain",
    "reads",
]


class _Command(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Tagged, so that a message field of the type `Command` decodes to the right one."""


# What changes nothing.


class Get(_Command, frozen=True):
    """The value of a key: `Done.value` is None where there is none."""

    key: str


class Scan(_Command, frozen=True):
    """The keys from `first` on, below `last` (None: to the end), in order, at most `limit`.

    `Done.value` is a list of pairs [key, value]; with `versions`, of triples [key, value, version].
    """

    first: str = ""
    last: str | None = None
    limit: int | None = None
    versions: bool = False


class Changes(_Command, frozen=True):
    """What happened to the keys of a range after a revision, in order, at most `limit` of it.

    `Done.value` is a list of `Change`, or `Compacted` where the beginning is no longer known.
    `Done.position` is the revision up to which the list is complete. A server that has nothing to
    tell may wait for `wait_ns` nanoseconds until it has.
    """

    since: int
    first: str = ""
    last: str | None = None
    limit: int = 1000
    wait_ns: int = 0


# What may change something.


class Put(_Command, frozen=True):
    """Give a key a value, for `ttl_ns` nanoseconds, or for as long as a lease lives.

    `context` says what its writer had read, to a store that keeps siblings.
    """

    key: str
    value: Any
    ttl_ns: int | None = None
    lease: int = 0
    context: Any = None


class Delete(_Command, frozen=True):
    """Take a key's value away. `context` as for `Put`."""

    key: str
    context: Any = None


class Cas(_Command, frozen=True):
    """Give a key a value if it has the old one (None: if it has none). `Done.value`: whether."""

    key: str
    old: Any
    new: Any


class Add(_Command, frozen=True):
    """Add to a number, which is 0 where there is none. `Done.value` is the sum."""

    key: str
    by: int = 1


# Changes to a value that is a set or a map, in stores that merge what is changed apart.


class Include(_Command, frozen=True):
    """Put an element into a set."""

    key: str
    element: Any


class Exclude(_Command, frozen=True):
    """Take an element out of a set, as far as it was seen."""

    key: str
    element: Any


class SetField(_Command, frozen=True):
    """Give a field of a map a value."""

    key: str
    field: str
    value: Any


class DropField(_Command, frozen=True):
    """Take a field of a map away."""

    key: str
    field: str


class Compare(msgspec.Struct, frozen=True):
    """A condition on one key: its value, or the revision of its last change (0: it has none)."""

    key: str
    of: Literal["value", "revision"]
    sign: Literal["==", "!=", "<", ">"]
    than: Any


class Transact(_Command, frozen=True):
    """If all conditions hold do the one, else the other, as one step.

    `Done.value` is [whether they held, [the value that each of the branch's commands gives]].
    """

    when: tuple[Compare, ...]
    then: tuple[Get | Put | Delete | Add, ...] = ()
    otherwise: tuple[Get | Put | Delete | Add, ...] = ()


class Grant(_Command, frozen=True):
    """A new lease, which ends if nobody keeps it alive for `ttl_ns`. `Done.value` is its number."""

    ttl_ns: int


class KeepAlive(_Command, frozen=True):
    """Let a lease last for its whole time again. `Done.value`: whether it was still there."""

    lease: int


class Revoke(_Command, frozen=True):
    """End a lease, and delete the keys that are attached to it. `Done.value`: whether it was."""

    lease: int


class Expire(_Command, frozen=True):
    """Delete what has expired by now; nothing else. Whoever orders commands proposes it."""


class Compact(_Command, frozen=True):
    """Forget the changes up to a revision."""

    revision: int


ReadCommand: TypeAlias = Get | Scan | Changes
Merging: TypeAlias = Include | Exclude | SetField | DropField
WriteCommand: TypeAlias = (
    Put | Delete | Cas | Add | Transact | Grant | KeepAlive | Revoke | Expire | Compact | Merging
)
Command: TypeAlias = ReadCommand | WriteCommand


def reads(command: Command) -> bool:
    """Whether it changes nothing, whatever the state."""
    return isinstance(command, Get | Scan | Changes)


# What is answered.


class Done(msgspec.Struct, frozen=True):
    """What a command gave.

    `version` is that of the key that was read or written, for those who compare what they saw:
    plain data of one shape within a store, higher is later; None where there is no one key. A
    transaction that changed something has the revision of that.
    `position` is how far the store had come there: a session must not meet one that is behind it.
    A store with one order of all writes has revisions for both.
    `error` says in words why the command could not be done; then nothing has changed.
    """

    value: Any = None
    version: Any = None
    position: Any = None
    error: str | None = None


EPOCH = 1 << 32


def revision_of(position: int) -> int:
    """The revision that a position is of. A store whose history may part has, above it, the epoch
    of whoever gave it, times `EPOCH`.
    """
    return position % EPOCH


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A key had this value from this revision on; None: it was deleted, or expired."""

    revision: int
    key: str
    value: Any


class Compacted(msgspec.Struct, frozen=True, tag=True):
    """Changes up to this revision are forgotten. Read all again, and go on from there."""

    revision: int


# As plain data, for logs and messages that must not know commands.


def plain(command: Command) -> Any:
    """A command as plain data, bytes left as they are."""
    return msgspec.to_builtins(command, builtin_types=(bytes,))


def command_of(data: Any) -> Command:
    """The command that `plain` made plain."""
    command: Command = msgspec.convert(data, Command, builtin_types=(bytes,))
    return command
