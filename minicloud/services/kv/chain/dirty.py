"""Owns what entries that may yet happen mean for a question; knows no node."""

from __future__ import annotations

from collections.abc import Iterable

from minicloud.protocols.kv import (
    Add,
    Cas,
    Command,
    Compact,
    Delete,
    Done,
    Get,
    Grant,
    KeepAlive,
    KeyValues,
    Put,
    ReadCommand,
    Scan,
)
from minicloud.protocols.replication import Entry

__all__ = ["foreseen", "touches"]


def touches(command: Command | None, question: ReadCommand) -> bool:
    """Whether a command may change what is answered. When in doubt, it does."""
    if command is None or isinstance(command, Grant | KeepAlive | Compact | Get | Scan):
        return False
    if isinstance(command, Put | Delete | Cas | Add):
        if isinstance(question, Get):
            return command.key == question.key
        last = question.last
        return command.key >= question.first and (last is None or command.key < last)
    return True


def foreseen(state: KeyValues, dirty: Iterable[Entry], question: ReadCommand) -> Done:
    """The answer once all of the dirty entries have happened, if they do."""
    newest = KeyValues()
    newest.load(state.dump())
    for entry in dirty:
        if entry.command is not None:
            newest.apply(entry.command, entry.at_ns)
    done = newest.read(question)
    # What has not happened has no version: it may never, and then another gets the number.
    known = isinstance(question, Get) and (done.version or 0) <= state.revision
    return Done(done.value, done.version if known else None)
