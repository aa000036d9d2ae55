"""Owns a fault that is in force: its streams, its counts, what it holds back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from minicloud.kernel.entropy import Draw
from minicloud.net.envelope import DATAGRAM, Envelope
from minicloud.net.faults.effects import Directed
from minicloud.net.faults.values import Fault

if TYPE_CHECKING:
    from minicloud.net.link import Link, Plan
    from minicloud.net.network import Network

__all__ = ["Active", "Origin"]


class Origin:
    """Where a fault in force belongs: its run's network, its name, its streams, since when."""

    __slots__ = ("begin_ns", "name", "network", "stream")

    def __init__(self, network: Network, name: str, stream: str) -> None:
        self.network = network
        self.name = name
        self.stream = stream
        """Its own part of the names of its streams: no other fault's coming or going moves it."""
        self.begin_ns = network.clock.now_ns


class Active:
    """A fault in force, named `kind-number` in traces. The base class lets everything pass.

    `at_start` and `at_end` say whether its class has an `on_send`, and an `on_arrival`.
    """

    __slots__ = ("_origin", "everything", "fault", "held", "name", "streams")

    at_start: ClassVar[bool] = False
    at_end: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        cls.at_start = cls.on_send is not Active.on_send
        cls.at_end = cls.on_arrival is not Active.on_arrival

    def __init__(self, fault: Fault, origin: Origin) -> None:
        self.fault = fault
        self.name = origin.name
        self.held: list[Envelope] = []
        self._origin = origin
        self.streams: dict[Link, Draw] = {}
        """Those that `draws` has made."""
        kinds = getattr(fault, "replies_to", None), getattr(fault, "message", None)
        self.everything = kinds == (None, None)
        """Whether it is about messages of every kind."""

    def draws(self, link: Link) -> Draw:
        """The numbers of this fault on this link: its own stream, apart from the link's."""
        draw = self.streams.get(link)
        if draw is None:
            names = "fault", self._origin.stream, link.source.name, link.target.name
            draw = self.streams[link] = self._origin.network.kernel.entropy.draw(*names)
        return draw

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        """Change what shall become of a message that is being sent."""

    def on_arrival(self, envelope: Envelope) -> str | None:
        """The fate of a message that was under way when the fault came; None lets it arrive."""
        return None

    def fits(self, envelope: Envelope) -> bool:
        """Whether the message is of the kind and direction that the fault is about."""
        if self.everything:
            return True
        fault = self.fault
        assert isinstance(fault, Directed)
        if fault.replies_to is not None:
            return envelope.answer != DATAGRAM and envelope.kind == fault.replies_to
        if fault.message is not None:
            return envelope.answer == DATAGRAM and envelope.kind == fault.message
        return True
