"""Owns how an incarnation sends: the hottest path of all, kept short and close in memory."""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING, Any

from minicloud.kernel.entropy import INCREMENT, MASK, MULTIPLIER, UNIT
from minicloud.kernel.records import Fate, Kind
from minicloud.net.envelope import DATAGRAM, Envelope
from minicloud.net.network import Network, Port
from minicloud.node.life.activity import Activity, activity_var
from minicloud.node.messages.address import address_of
from minicloud.node.messages.message import encode

if TYPE_CHECKING:
    from minicloud.node.machine.server import Server

__all__ = ["Sender"]

_SEND = int(Kind.SEND)


class Sender:
    """What a message touches of its sender, and of its receiver.

    With ten thousand nodes every field lies in memory that is cold by its next use, so what all
    nodes share is reached through the network, which is hot, and not kept here again.
    """

    __slots__ = ("activity", "alive", "label", "network", "port", "sent", "server")

    def __init__(self, network: Network, port: Port, label: str) -> None:
        self.network = network
        self.port = port
        self.label = label
        self.alive = True
        self.activity: Activity | None = None
        """What a `def` handler or a timer is serving now; None while tasks run."""
        self.sent = 0
        """Messages sent so far."""
        self.server: Server | None = None

    def serving(self) -> Activity | None:
        """On whose behalf the code that runs now acts."""
        return self.activity or activity_var.get()

    def send(
        self,
        target: Any,
        message: Any,
        *,
        call: int | None = None,
        deadline_ns: int | None = None,
    ) -> None:
        """Send a message to an address, as part of what is being served now."""
        if target.__class__ is not str:
            target = address_of(target)
        if not self.alive:
            return
        self.sent = number = self.sent + 1
        activity = self.activity or activity_var.get()
        if activity is None:
            cause = op = None
        else:
            cause, op, inherited_ns = activity
            if deadline_ns is None:
                deadline_ns = inherited_ns
        network, port = self.network, self.port
        clock = network.clock
        now_ns = clock.now_ns
        remaining_ns = None if deadline_ns is None else deadline_ns - now_ns
        record = (
            _SEND, now_ns, (self.label, number), cause, op, target, message._kind, call,
            remaining_ns, encode(message),
        )  # fmt: skip
        try:
            link = port.routes[target]
        except KeyError:
            link = None
        if link is None or not link.plain:
            network.send(port, record, message.__class__, DATAGRAM, None)
            return
        # What `Network.send` and `Source.draw` do on a plain link, without the calls.
        network.emit(record)
        envelope = Envelope(record, message.__class__, DATAGRAM, None, link, link.target)
        link.state = state = (link.state * MULTIPLIER + INCREMENT) & MASK
        chance = (state >> 75) * UNIT
        if chance >= link.kept:
            network.fate(envelope, Fate.LOST)
            return
        arrival_ns = now_ns + link.delay(chance * link.stretch)
        heappush(clock.heap, (arrival_ns, link.rank, clock.sequence(), network.arrive, envelope))

    def send_each(
        self, targets: list[str], message: Any, calls: list[int], deadline_ns: int | None
    ) -> None:
        """Send one request to each of several, each with a call's number of its own."""
        if not self.alive:
            return
        activity = self.activity or activity_var.get()
        cause = op = None
        if activity is not None:
            cause, op, inherited_ns = activity
            if deadline_ns is None:
                deadline_ns = inherited_ns
        network, port, shape = self.network, self.port, message.__class__
        now_ns = network.clock.now_ns
        remaining_ns = None if deadline_ns is None else deadline_ns - now_ns
        kind, payload = message._kind, encode(message)
        for target, call in zip(targets, calls, strict=True):
            self.sent = number = self.sent + 1
            record = (
                _SEND, now_ns, (self.label, number), cause, op, target, kind, call, remaining_ns,
                payload,
            )  # fmt: skip
            network.send(port, record, shape, DATAGRAM, None)

    def answer(self, envelope: Envelope, answer: int, content: Any) -> None:
        """Send the reply or the refusal to a request; it is for the incarnation that asked."""
        if not self.alive:
            return
        self.sent = number = self.sent + 1
        asked = envelope.record
        record = (
            _SEND, self.network.clock.now_ns, (self.label, number), asked[2], asked[4],
            envelope.link.source.name, asked[6], asked[7], None, encode(content),
        )  # fmt: skip
        self.network.send(self.port, record, envelope.shape, answer, asked[2][0])
