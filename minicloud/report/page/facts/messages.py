"""Owns the messages of a kept run, each with its fate; a copy is a message of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.report.page.facts.lanes import Lanes

__all__ = ["Message", "Messages"]

_COPY = "copy: "
_UNDER_WAY = "under way at the end"


class Message(msgspec.Struct):
    """One message, from its sending to its fate. `end_ns` is None while it was under way."""

    sender: str
    no: int
    source: int
    target: int
    address: str
    kind: str
    sent_ns: int
    op: str | None
    size: int
    payload: Any
    send_event: int
    end_ns: int | None = None
    fate: str = _UNDER_WAY
    end_event: int = 0
    copy: bool = False


class Messages:
    """Messages as they were sent, copies after their originals' fates were told."""

    def __init__(self, lanes: Lanes) -> None:
        self.all: list[Message] = []
        self._lanes = lanes
        self._rows: dict[str, int] = {}

    def send(self, record: dict[str, Any], number: int) -> int:
        """Take a send; the row of the message."""
        identity: str = record["id"]
        sender, _, no = identity.rpartition(":")
        row = self._rows[identity] = len(self.all)
        self.all.append(
            Message(
                sender,
                int(no),
                self._lanes.of_incarnation(sender),
                self._lanes.of_address(record["destination"]),
                record["destination"],
                record["kind"],
                record["time"],
                record["op"],
                record["size"],
                record["payload"],
                number,
            )
        )
        return row

    def end(self, record: dict[str, Any], number: int) -> int | None:
        """Take a fate; the row of the message, or None where the trace has not its sending."""
        row = self._rows.get(record["id"])
        if row is None:
            return None
        message, fate = self.all[row], str(record["fate"])
        if fate.startswith(_COPY) or message.end_event:
            message = msgspec.structs.replace(message, copy=True, end_ns=None)
            row = len(self.all)
            self.all.append(message)
        message.fate, message.end_event = fate, number
        message.end_ns = None if fate.removeprefix(_COPY) == _UNDER_WAY else record["time"]
        if record["incarnation"] is not None:
            # Addresses may stand for somebody else; who got it is known now.
            message.target = self._lanes.of_incarnation(record["incarnation"])
        return row
