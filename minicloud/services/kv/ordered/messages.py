"""Owns the request that carries a command, and the numbers that make its copies harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.node.messages.message import Request
from minicloud.protocols.kv import Command, Done

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = ["Numbers", "Perform"]


class Perform(Request[Done], service="kv"):
    """Carry out a command, once, however often this arrives.

    `client` and `serial` name the request; the client waits for no answer to one below `closed`.
    """

    command: Command
    client: str = ""
    serial: int = 0
    closed: int = 1


class Numbers:
    """A client's requests: which number is next, and which are still under way."""

    def __init__(self, client: Client) -> None:
        # Not the host's name: after a power cut the client counts from 1 again.
        self._life = client._core.label  # noqa: SLF001 - each life has a name of its own
        self._last = 0
        self._open: dict[int, None] = {}

    def request(self, command: Command) -> Perform:
        """A command with the next number. Say `end` of it when nobody waits for it any more."""
        self._last += 1
        self._open[self._last] = None
        return Perform(command, self._life, self._last, next(iter(self._open)))

    def end(self, request: Perform) -> None:
        """It was answered, or given up."""
        del self._open[request.serial]
