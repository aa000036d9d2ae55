"""Owns what each kind of fault does to a message that meets it.

Every form draws from its own stream, and as often whatever became of the message already: no fault
moves what another one does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.clock import NS, to_ns
from minicloud.kernel.records import Kind
from minicloud.net.envelope import DATAGRAM, REPLY, Envelope
from minicloud.net.faults import cuts, effects
from minicloud.net.faults.active import Active, Origin
from minicloud.net.faults.names import flat, is_pattern
from minicloud.net.faults.values import Fault, must_be_resolved

if TYPE_CHECKING:
    from minicloud.net.link import Link, Plan

__all__ = ["activate"]


class _Cut(Active):
    __slots__ = ()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        plan.fate = plan.fate or f"cut by {self.name}"

    def on_arrival(self, envelope: Envelope) -> str | None:
        return f"cut by {self.name}"


class _Flapping(_Cut):
    __slots__ = ("_period_ns",)

    def __init__(self, fault: cuts.Flapping, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._period_ns = max(2, to_ns(fault.period))

    def _cut(self) -> bool:
        since_ns = self._origin.network.clock.now_ns - self._origin.begin_ns
        return 2 * (since_ns % self._period_ns) < self._period_ns

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        if self._cut():
            super().on_send(link, envelope, plan)

    def on_arrival(self, envelope: Envelope) -> str | None:
        return super().on_arrival(envelope) if self._cut() else None


class _Loss(Active):
    __slots__ = ()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Loss)
        if self.fits(envelope) and self.draws(link)() < fault.probability:
            plan.fate = plan.fate or f"lost by {self.name}"


class _BurstLoss(Active):
    __slots__ = ("_bad",)

    def __init__(self, fault: effects.BurstLoss, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._bad: dict[Link, bool] = {}

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.BurstLoss)
        if not self.fits(envelope):
            return
        bad, draw = self._bad.get(link, False), self.draws(link)
        if draw() < (fault.p_good if bad else fault.p_bad):
            bad = self._bad[link] = not bad
        if draw() < (fault.loss_bad if bad else fault.loss_good):
            plan.fate = plan.fate or f"lost by {self.name}"


class _Delay(Active):
    __slots__ = ("_sample",)

    def __init__(self, fault: effects.Delay, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._sample = effects.sampler_of(fault.extra)

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        if self.everything or self.fits(envelope):
            draw = self.streams.get(link) or self.draws(link)
            plan.delay_ns += self._sample(draw())


class _Duplicate(Active):
    __slots__ = ("_sample",)

    def __init__(self, fault: effects.Duplicate, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._sample = effects.sampler_of(fault.after)

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Duplicate)
        if self.everything or self.fits(envelope):
            draw = self.streams.get(link) or self.draws(link)
            again, after = draw() < fault.probability, draw()
            if again:
                plan.copies_ns.append(plan.delay_ns + self._sample(after))


class _Reorder(Active):
    __slots__ = ("_sample",)

    def __init__(self, fault: effects.Reorder, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._sample = effects.sampler_of(fault.by)

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Reorder)
        if self.everything or self.fits(envelope):
            draw = self.streams.get(link) or self.draws(link)
            late, by = draw() < fault.probability, draw()
            if late:
                plan.late = True
                plan.delay_ns += self._sample(by)


class _Corrupt(Active):
    __slots__ = ()

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Corrupt)
        if not self.fits(envelope):
            return
        # Three draws in any case: fewer where damage is found would move the next message's.
        draw = self.draws(link)
        hit = draw() < fault.probability
        at, bit = draw(), draw()
        if not hit:
            return
        if fault.detected:
            plan.fate = plan.fate or f"corrupt by {self.name}"
        elif plan.fate is None and envelope.payload:
            self._change(envelope, int(at * len(envelope.payload)), int(bit * 8))

    def _change(self, envelope: Envelope, at: int, bit: int) -> None:
        payload = bytearray(envelope.payload)
        payload[at] ^= 1 << bit
        record = envelope.record
        envelope.record = (*record[:9], bytes(payload))
        network = self._origin.network
        network.corrupted[record[2]] = self.name
        label, number = record[2]
        change = f"{self.name} changes byte {at} of {label}:{number}"
        network.emit((int(Kind.DECISION), network.clock.now_ns, change, bit))


class _Bandwidth(Active):
    __slots__ = ("_free_ns",)

    def __init__(self, fault: effects.Bandwidth, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._free_ns: dict[Link, int] = {}

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Bandwidth)
        if not self.fits(envelope):
            return
        now_ns, rate = envelope.sent_ns, fault.bytes_per_s
        start_ns = max(now_ns, self._free_ns.get(link, 0))
        waiting_bytes = (start_ns - now_ns) * rate / NS
        limit = fault.queue_bytes
        if limit is not None and waiting_bytes > 0 and waiting_bytes + envelope.size_bytes > limit:
            plan.fate = plan.fate or f"queue full by {self.name}"
            return
        # What another fault drops goes over the wire all the same.
        self._free_ns[link] = free_ns = start_ns + round(envelope.size_bytes * NS / rate)
        wait_ns = free_ns - now_ns
        plan.delay_ns += wait_ns
        plan.copies_ns = [copy_ns + wait_ns for copy_ns in plan.copies_ns]


class _Drop(Active):
    __slots__ = ("_left",)

    def __init__(self, fault: effects.Drop, origin: Origin) -> None:
        super().__init__(fault, origin)
        self._left = fault.count

    def on_send(self, link: Link, envelope: Envelope, plan: Plan) -> None:
        fault = self.fault
        assert isinstance(fault, effects.Drop)
        if plan.fate is not None or self._left == 0 or not self.fits(envelope):
            return
        if fault.when is not None:
            wanted = DATAGRAM if fault.replies_to is None else REPLY
            if envelope.answer != wanted or not self._holds(fault.when, envelope):
                return
        if self._left is not None:
            self._left -= 1
        plan.fate = f"dropped by {self.name}"

    @staticmethod
    def _holds(when: Callable[[Any], bool], envelope: Envelope) -> bool:
        try:
            message = envelope.message()
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False  # another fault damaged it
        return bool(when(message))


class _Hold(Active):
    """Meets messages where they arrive, so that its end makes none faster than its link."""

    __slots__ = ()

    def on_arrival(self, envelope: Envelope) -> str | None:
        if not self.fits(envelope):
            return None
        self.held.append(envelope)
        return ""


_FORMS: dict[type[Fault], type[Active]] = {
    cuts.Bridge: _Cut,
    cuts.Flapping: _Flapping,
    cuts.Isolate: _Cut,
    cuts.OneWay: _Cut,
    cuts.Partition: _Cut,
    cuts.Ring: _Cut,
    effects.Bandwidth: _Bandwidth,
    effects.BurstLoss: _BurstLoss,
    effects.Corrupt: _Corrupt,
    effects.Delay: _Delay,
    effects.Drop: _Drop,
    effects.Duplicate: _Duplicate,
    effects.Hold: _Hold,
    effects.Loss: _Loss,
    effects.Reorder: _Reorder,
}


def activate(fault: Fault, origin: Origin) -> Active:
    """The running form of a fault. Raises `UsageError` for one that is none of the network's."""
    form = _FORMS.get(type(fault)) or (_Cut if isinstance(fault, cuts.Cut) else None)
    if form is None:
        raise UsageError(f"{fault.kind} is no fault of the network: cloud.inject knows all faults")
    must_be_resolved(fault)
    if isinstance(fault, cuts.Ring) and any(is_pattern(name) for name in flat(fault.hosts)):
        raise UsageError(f"Ring hosts: a circle needs an order, so give names and no {fault.hosts}")
    return form(fault, origin)
