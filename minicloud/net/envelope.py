"""Owns the shape of a message under way; knows neither how it travels nor who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from minicloud.net.link import Link
    from minicloud.net.network import Port

__all__ = [
    "DATAGRAM",
    "HEADER_BYTES",
    "REFUSAL",
    "REPLY",
    "Envelope",
    "Identity",
    "KeptEnvelope",
    "SendRecord",
]

Identity = tuple[str, int]
"""An event's name: (incarnation, number), such as ("r1.1", 17)."""

SendRecord = tuple[
    int, int, Identity, Identity | None, str | None, str, str, int | None, int | None, bytes
]
"""The trace's record of a send: type, time, id, cause, op, target, kind, call, remaining, payload.
"""

HEADER_BYTES = 32
"""Added to the payload for the size of a message on the wire."""

DATAGRAM, REPLY, REFUSAL = 0, 1, 2
"""What an envelope holds: a message for an address, or one of two answers to a call."""


class Envelope(msgspec.Struct, gc=False):
    """One message between leaving its sender and its fate; also the event that brings it.

    What the trace says of it is kept as it was written, in `record`; the rest is the network's.
    `incarnation` is the label of the only receiver that may have it (replies), or None: whoever is
    up at the address.
    """

    record: SendRecord
    shape: type
    answer: int
    incarnation: str | None
    link: Link
    port: Port
    """Where it arrives: kept here too, so that a message need not touch its link again."""
    cancelled: bool = False
    copy: bool = False

    @property
    def sent_ns(self) -> int:
        """Virtual time of the send, in nanoseconds."""
        return self.record[1]

    @property
    def source(self) -> str:
        """The host that sent it."""
        return self.link.source.name

    @property
    def id(self) -> Identity:
        """The message's name."""
        return self.record[2]

    @property
    def op(self) -> str | None:
        """The client operation at its root, or None."""
        return self.record[4]

    @property
    def target(self) -> str:
        """The address it was sent to."""
        return self.record[5]

    @property
    def kind(self) -> str:
        """`service.Name` of the message, or of the request that it answers."""
        return self.record[6]

    @property
    def call(self) -> int | None:
        """The caller's number for the call that it is part of, or None."""
        return self.record[7]

    @property
    def payload(self) -> bytes:
        """The encoded message."""
        return self.record[9]

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return len(self.record[9]) + HEADER_BYTES

    def message(self) -> Any:
        """A fresh decoding of the payload, for whoever inspects a message under way.

        Of a reply it is plain data; of a refusal, its name and arguments.
        """
        shape = self.shape if self.answer == DATAGRAM else Any
        return msgspec.msgpack.decode(self.record[9], type=shape)

    @property
    def words(self) -> str:
        """Its arrival in a few words."""
        number = f"{self.id[0]}:{self.id[1]}"
        what = f"{'a copy of ' * self.copy}{'the answer to ' * bool(self.answer)}{self.kind}"
        return f"{what} {number} from {self.source} reaches {self.port.name}"

    def __repr__(self) -> str:
        number = f"{self.id[0]}:{self.id[1]}"
        return (
            f"<{self.kind} {number} {self.source} → {self.target}, sent {self.sent_ns / 1e9:g} s>"
        )


class KeptEnvelope(Envelope, gc=True):
    """The same, for whoever keeps one: what leads back to itself is found by the collector, which
    does not look at messages under way.
    """

    @classmethod
    def of(cls, envelope: Envelope) -> KeptEnvelope:
        """A copy."""
        return cls(
            envelope.record,
            envelope.shape,
            envelope.answer,
            envelope.incarnation,
            envelope.link,
            envelope.port,
            envelope.cancelled,
            envelope.copy,
        )
