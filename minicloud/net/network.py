"""Owns the way of a message from port to port and its fate; knows no handler, no RPC, no user.

A port is where a host is attached. While its host is up the port has a receiver; what arrives at a
port without one is dropped, with that reason. A message's delay and loss are decided when it is
sent, a cut or a hold that comes later meets it on arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappush
from typing import Protocol

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.entropy import INCREMENT, MASK, MULTIPLIER, UNIT
from minicloud.kernel.records import Fate, Kind
from minicloud.kernel.run import Kernel
from minicloud.net.envelope import Envelope, Identity, SendRecord
from minicloud.net.faults.active import Active, Origin
from minicloud.net.faults.bands import Band
from minicloud.net.faults.effects import Hold
from minicloud.net.faults.forms import activate
from minicloud.net.faults.values import Fault, detail_of
from minicloud.net.link import Link, Nature
from minicloud.net.profile import DEFAULT, LOOPBACK, Profile
from minicloud.net.sites import sending_line

__all__ = ["Network", "Port", "Receiver"]

_FATE = int(Kind.FATE)


class Receiver(Protocol):
    """Whoever takes what arrives at a port."""

    def receive(self, envelope: Envelope) -> None:
        """Take a message and record its fate, now or later."""
        ...


class Port:
    """A host's attachment to the network. While nobody receives, what arrives is dropped."""

    __slots__ = ("name", "receiver", "routes", "zone")

    def __init__(self, name: str, zone: str) -> None:
        self.name = name
        self.zone = zone
        self.receiver: Receiver | None = None
        self.routes: dict[str, Link] = {}

    def __repr__(self) -> str:
        return f"<Port {self.name}{'' if self.receiver else ' down'}>"


class Network:
    """Ports, links and faults of one run."""

    def __init__(self, kernel: Kernel, profile: Profile = DEFAULT) -> None:
        self.kernel = kernel
        kernel.message_type = Envelope
        self.profile = profile
        self.ports: dict[str, Port] = {}
        self.links: dict[tuple[str, str], Link] = {}
        self.faults: list[Active] = []
        self.bands: list[Band] = []
        """Every fault so far and its time."""
        self._open: dict[str, Band] = {}
        self.profile_between: Callable[[Port, Port], Profile] = lambda _source, _target: (
            self.profile
        )
        self.aliases: dict[str, str] = {}
        """Names that stand for a host at the moment of sending: virtual addresses."""
        self.emit = kernel.trace.emit
        self.clock = kernel.clock
        self.corrupted: dict[Identity, str] = {}
        """Messages whose payload a fault changed, with the fault's name."""
        self.spared: Callable[[str], bool] = lambda _name: False
        """Hosts between which no fault lies, whatever is in force."""
        self.sites = kernel.trace.sites
        """Whether the trace notes from which line each message was sent."""
        self._fault_numbers: dict[str, int] = {}
        self._natures: dict[Profile, Nature] = {}
        self._last_nature: Nature | None = None

    # Ports and links.

    def attach(self, name: str, zone: str = "") -> Port:
        """A new port. Raises `UsageError` where the name is taken or holds a `/` or a `*`."""
        if name in self.ports:
            raise UsageError(f"There is a host {name!r} already; names are unique in a cloud")
        if not name or any(c in name for c in "/*?[ "):
            raise UsageError(f"Host name {name!r}: use letters, digits, '-', '_', '.'")
        port = self.ports[name] = Port(name, zone)
        return port

    def resolve(self, address: str) -> Port | None:
        """The port that an address `host` or `host/service` means at this moment, or None."""
        host = address.partition("/")[0]
        return self.ports.get(self.aliases.get(host, host))

    def link(self, source: str, target: str) -> Link:
        """The directed link between two hosts, made at its first use."""
        link = self.links.get((source, target))
        if link is None:
            for name in (source, target):
                if name not in self.ports:
                    known = ", ".join(list(self.ports)[:8]) or "none"
                    raise UsageError(f"There is no host {name!r}; hosts are: {known}")
            ports = self.ports[source], self.ports[target]
            profile = LOOPBACK if source == target else self.profile_between(*ports)
            nature = self.nature(profile)
            link = self.links[source, target] = Link(*ports, nature, self.kernel.entropy)
            if self.faults:
                link.set_faults(self._faults_on(source, target))
        return link

    def nature(self, profile: Profile) -> Nature:
        """What a profile comes to; made once a profile."""
        # Links are made in crowds of one profile, and to hash one takes longer than to see that.
        if self._last_nature is None or self._last_nature.profile is not profile:
            if profile not in self._natures:
                self._natures[profile] = Nature(profile)
            self._last_nature = self._natures[profile]
        return self._last_nature

    def set_profile(self, source: str, target: str, profile: Profile) -> None:
        """Give one link another nature from now on."""
        self.link(source, target).set_nature(self.nature(profile))

    def _route(self, port: Port, record: SendRecord) -> Link | None:
        """The link for an address that has no route yet; the fate of a message that has none."""
        address = record[5]
        target = self.resolve(address)
        if target is None:
            self.emit((_FATE, record[1], record[2], Fate.UNKNOWN_ADDRESS, None))
            return None
        link = self.link(port.name, target.name)
        # Where the trace notes lines, every message takes the way that asks for them.
        if address.partition("/")[0] not in self.aliases and not self.sites:
            port.routes[address] = link
        return link

    # Faults.

    def _may_lie_on(self, source: str, target: str) -> bool:
        return source != target and not (self.spared(source) and self.spared(target))

    def _faults_on(self, source: str, target: str) -> tuple[Active, ...]:
        if not self._may_lie_on(source, target):
            return ()
        return tuple(a for a in self.faults if a.fault.covers(source, target))

    def inject(self, fault: Fault) -> Active:
        """Put a fault in force until it is lifted; faults compose in the order they came."""
        active = activate(fault, Origin(self, *self.name_fault(fault)))
        self.faults.append(active)
        for (source, target), link in self.links.items():
            if fault.covers(source, target) and self._may_lie_on(source, target):
                link.set_faults((*link.faults, active))
        self._record_fault(active, "begin")
        return active

    def name_fault(self, fault: Fault) -> tuple[str, str]:
        """A fault's name in traces, and its part in the names of its streams.

        A fault of a schedule has streams by its time there, which stay when another one is dropped.
        """
        numbers, kind = self._fault_numbers, fault.kind
        number = numbers[kind] = numbers.get(kind, 0) + 1
        name = f"{kind}-{number}"
        if fault.at is None:
            return name, name
        planned = f"{kind}@{fault.at!r}"
        twin = numbers[planned] = numbers.get(planned, 0) + 1
        return name, planned if twin == 1 else f"{planned}/{twin}"

    def lift(self, active: Active) -> None:
        """End one fault and leave the others; what it held goes on, in the order it came."""
        if active not in self.faults:
            return
        self.faults.remove(active)
        for link in self.links.values():
            if active in link.faults:
                link.set_faults(tuple(other for other in link.faults if other is not active))
        self._record_fault(active, "end")
        held, active.held = active.held, []
        for envelope in held:
            self.clock.at(self.clock.now_ns, envelope.link.rank, self.arrive, envelope)

    def spare(self, spared: Callable[[str], bool]) -> None:
        """Let no fault lie between some hosts from now on; what was held there goes on."""
        self.spared = spared
        for (source, target), link in self.links.items():
            link.set_faults(self._faults_on(source, target))
        for active in self.faults:
            held, active.held = active.held, []
            for envelope in held:
                if active in envelope.link.faults:
                    active.held.append(envelope)
                else:
                    self.clock.at(self.clock.now_ns, envelope.link.rank, self.arrive, envelope)

    def _record_fault(self, active: Active, phase: str) -> None:
        kind, detail = active.fault.kind, detail_of(active.fault)
        self.emit((int(Kind.FAULT), self.clock.now_ns, active.name, phase, kind, detail))
        self.band(active.name, active.fault.kind, begins=phase == "begin")

    def band(self, name: str, kind: str, *, begins: bool) -> None:
        """Note that a fault begins or ends, for pictures."""
        key = f"{kind}/{name}"
        if begins and key not in self._open:
            self._open[key] = band = Band(name, kind, self.clock.now_ns)
            self.bands.append(band)
        elif not begins and key in self._open:
            self._open.pop(key).end_ns = self.clock.now_ns

    # The way of a message.

    def send(
        self, port: Port, record: SendRecord, shape: type, answer: int, incarnation: str | None
    ) -> None:
        """Send one message from a port: it is recorded now, and its fate when that is known."""
        if self.sites:
            self.kernel.trace.observe((int(Kind.SITE), record[1], sending_line()))
        self.emit(record)
        link = port.routes.get(record[5]) or self._route(port, record)
        if link is None:
            return
        envelope = Envelope(record, shape, answer, incarnation, link, link.target)
        if link.plain:
            # What `Source.draw` does, without the call.
            link.state = state = (link.state * MULTIPLIER + INCREMENT) & MASK
            chance = (state >> 75) * UNIT
            if chance >= link.kept:
                self.fate(envelope, Fate.LOST)
                return
            clock = self.clock
            arrival_ns = record[1] + link.delay(chance * link.stretch)
            heappush(clock.heap, (arrival_ns, link.rank, clock.sequence(), self.arrive, envelope))
        else:
            self._send_planned(link, envelope)

    def _send_planned(self, link: Link, envelope: Envelope) -> None:
        clock = self.clock
        now_ns = clock.now_ns
        plan = link.plan(envelope, now_ns)
        if plan.fate is not None:
            self.fate(envelope, plan.fate)
            return
        # What `Clock.at` does, without the call; no delay is below 0.
        entry = now_ns + plan.delay_ns, link.rank, clock.sequence(), self.arrive, envelope
        heappush(clock.heap, entry)
        for copy_ns in plan.copies_ns:
            copy = self._copy_of(envelope)
            self.clock.at(now_ns + copy_ns, link.rank, self.arrive, copy)

    def _copy_of(self, envelope: Envelope) -> Envelope:
        return msgspec.structs.replace(envelope, copy=True, cancelled=False)

    def arrive(self, envelope: Envelope) -> None:
        """The event at the end of a message's way."""
        if envelope.cancelled:
            return
        if self.faults:
            for fault in envelope.link.at_end:
                fate = fault.on_arrival(envelope)
                if fate is not None:
                    if fate:
                        self.fate(envelope, fate)
                    return
        receiver = envelope.port.receiver
        if receiver is None:
            self.fate(envelope, Fate.DOWN)
        else:
            receiver.receive(envelope)

    def land(self, envelope: Envelope) -> None:
        """Arrive whatever faults lie on the link: by hand, or in an inbox that it had reached."""
        receiver = envelope.port.receiver
        if envelope.cancelled:
            return
        if receiver is None:
            self.fate(envelope, Fate.DOWN)
        else:
            receiver.receive(envelope)

    def fate(self, envelope: Envelope, fate: str, incarnation: str | None = None) -> None:
        """Record what became of a message; called exactly once for each message and each copy."""
        if envelope.copy:
            fate = f"copy: {fate}"
        self.emit((_FATE, self.clock.now_ns, envelope.id, fate, incarnation))

    # Messages under way.

    def in_flight(self) -> list[Envelope]:
        """Messages that have left and not arrived, by arrival, then those held by a fault."""
        waiting = [
            entry
            for entry in self.clock.heap
            if type(entry[4]) is Envelope and not entry[4].cancelled
        ]
        waiting.sort(key=lambda entry: entry[:3])
        return [entry[4] for entry in waiting] + [e for a in self._holds() for e in a.held]

    def _holds(self) -> Iterator[Active]:
        return (active for active in self.faults if isinstance(active.fault, Hold))

    def take(self, envelope: Envelope) -> bool:
        """Take a message out of the air. False where it has arrived, or was taken, already."""
        if envelope.cancelled:
            return False
        for active in self._holds():
            if envelope in active.held:
                active.held.remove(envelope)
                return True
        if any(entry[4] is envelope for entry in self.clock.heap):
            self.clock.cancel(envelope)
            return True
        return False

    def drop(self, envelope: Envelope) -> bool:
        """Drop a message that is under way."""
        taken = self.take(envelope)
        if taken:
            self.fate(envelope, f"{Fate.DROPPED} by hand")
        return taken

    def deliver(self, envelope: Envelope) -> bool:
        """Let a message that is under way arrive now, whatever held it."""
        taken = self.take(envelope)
        if taken:
            copy = self._copy_of(envelope)
            copy.copy = envelope.copy
            self.clock.at(self.clock.now_ns, envelope.link.rank, self.land, copy)
        return taken

    def abandon(self) -> None:
        """At the seal: say of every message still under way that it never arrived."""
        for envelope in self.in_flight():
            self.fate(envelope, Fate.UNDER_WAY)
