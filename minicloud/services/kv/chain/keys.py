"""Owns which questions a command may change the answer to; knows no state."""

from __future__ import annotations

from minicloud.protocols.kv import (
    Add,
    Cas,
    Command,
    Compact,
    Delete,
    Get,
    Grant,
    KeepAlive,
    Put,
    ReadCommand,
    Scan,
)

__all__ = ["touches"]


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
