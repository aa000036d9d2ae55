"""Owns a fault that is in force: its streams, its counts, what it holds back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.kernel.entropy import Draw, Entropy
from minicloud.net.envelope import DATAGRAM, REPLY, Envelope
from minicloud.net.faults import values as faults

if TYPE_CHECKING:
    from minicloud.net.link import Link, Plan

__all__ = ["Active", "activate"]


class Active:
    """A fault in force, named `kind-number` in traces. The base class lets everything pass."""

    __slots__ = ("_entropy", "_streams", "fault", "held", "name")

    def __init__(self, fault: faults.Fault, name: str, entropy: Entropy) -> None:
        self.fault = fault
        self.name = name
        self.held: list[Envelope] = []
        self._entropy = entropy
        self._streams: dict[Link, Draw] = {}

    def draw(self, link: Link) -> float:
        """The next number of this fault on this link: its own stream, apart from the link's."""
        source = self._streams.get(link)
        if source is None:
            source = self._entropy.draw("fault", self.name, link.source.name, link.target.name)
            self._streams[link] = source
        return source()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        """Change what shall become of a message that is being sent."""

    def on_arrival(self, envelope: Envelope) -> str | None:
        """The fate of a message that was under way when the fault came; None lets it arrive."""
        return None

    def fits(self, envelope: Envelope) -> bool:
        """Whether the message is of the kind and direction that the fault is about."""
        fault = self.fault
        assert isinstance(fault, faults.Directed)
        if fault.replies_to is not None:
            return envelope.answer != DATAGRAM and envelope.kind == fault.replies_to
        if fault.message is not None:
            return envelope.answer == DATAGRAM and envelope.kind == fault.message
        return True


class _Cut(Active):
    __slots__ = ()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        plan.fate = plan.fate or f"cut by {self.name}"

    def on_arrival(self, envelope: Envelope) -> str | None:
        return f"cut by {self.name}"


class _Loss(Active):
    __slots__ = ()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        assert isinstance(self.fault, faults.Loss)
        if self.fits(envelope) and self.draw(link) < self.fault.probability:
            plan.fate = plan.fate or f"lost by {self.name}"


class _Delay(Active):
    __slots__ = ("_sample",)

    def __init__(self, fault: faults.Delay, name: str, entropy: Entropy) -> None:
        super().__init__(fault, name, entropy)
        self._sample = fault.extra.compile()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        if self.fits(envelope):
            plan.delay_ns += self._sample(self.draw(link))


class _Duplicate(Active):
    __slots__ = ("_sample",)

    def __init__(self, fault: faults.Duplicate, name: str, entropy: Entropy) -> None:
        super().__init__(fault, name, entropy)
        self._sample = fault.after.compile()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        assert isinstance(self.fault, faults.Duplicate)
        if self.fits(envelope):
            again = self.draw(link) < self.fault.probability
            after_ns = self._sample(self.draw(link))
            if again:
                plan.copies_ns.append(plan.delay_ns + after_ns)


class _Drop(Active):
    __slots__ = ("_left",)

    def __init__(self, fault: faults.Drop, name: str, entropy: Entropy) -> None:
        super().__init__(fault, name, entropy)
        self._left = fault.count

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, faults.Drop)
        if plan.fate is not None or self._left == 0 or not self.fits(envelope):
            return
        if fault.when is not None:
            wanted = DATAGRAM if fault.replies_to is None else REPLY
            if envelope.answer != wanted or not fault.when(envelope.message()):
                return
        if self._left is not None:
            self._left -= 1
        plan.fate = f"dropped by {self.name}"


class _Hold(Active):
    """Meets messages where they arrive, so that its end makes none faster than its link."""

    __slots__ = ()

    def on_arrival(self, envelope: Envelope) -> str | None:
        if not self.fits(envelope):
            return None
        self.held.append(envelope)
        return ""


_CLASSES: dict[type[faults.Fault], type[Active]] = {
    faults.Loss: _Loss,
    faults.Delay: _Delay,
    faults.Duplicate: _Duplicate,
    faults.Drop: _Drop,
    faults.Hold: _Hold,
}


def activate(fault: faults.Fault, name: str, entropy: Entropy) -> Active:
    """The running form of a fault."""
    form = _Cut if isinstance(fault, faults.Cut) else _CLASSES[type(fault)]
    return form(fault, name, entropy)
