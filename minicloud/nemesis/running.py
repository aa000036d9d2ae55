"""Owns a schedule under way: puts each fault in force at its time, lifts it, and heals at the end.

Everything here happens in events of the run's clock, before anything else of their instant, so that
a schedule that was recorded and is dictated does the same as the one that was drawn. A nemesis
draws only whom a fault hits, from a stream of that fault's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.clock import NS, to_ns
from minicloud.kernel.records import Kind
from minicloud.kernel.waiting import Wait
from minicloud.nemesis.agenda import Agenda
from minicloud.nemesis.calm import choose
from minicloud.nemesis.entries import Entry, Skipped, begin_ns, narrowed
from minicloud.nemesis.guard import allowed
from minicloud.nemesis.hosts import Ground
from minicloud.node import faults

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.node.life.buggify import Buggify

__all__ = ["Chaos", "begin"]

_OF_CLOCKS = (faults.ClockStep, faults.ClockOffset, faults.ClockDrift, faults.ClockUnsynced)


def begin(
    cloud: Cloud,
    plan: Callable[[str], faults.Schedule],
    *,
    on: Any = None,
    otherwise: str | None = None,
) -> Chaos:
    """Begin a schedule: what the run's script dictates for this nemesis, else what `plan` draws.

    plan: from the name of the nemesis, which belongs in the names of its streams, to a schedule.
    on: the hosts under test; all that are no clients, unless given. otherwise: whom a fault on the
    leader hits where nobody leads.
    """
    name = cloud.net.unique("nemesis")
    dictated = cloud._script.schedules.get(name)  # noqa: SLF001 - a plan asks its script
    if dictated is None:
        schedule = plan(name)
    else:
        schedule = msgspec.convert(dictated, faults.Schedule)
        # What led to the schedule is kept with it, though nothing is drawn by it any more.
        knobs = {k: v for k, v in cloud._script.knobs.items() if k.startswith(f"{name}.")}  # noqa: SLF001
        cloud._drawn.knobs.update(knobs)  # noqa: SLF001 - a plan keeps itself
    return Chaos(cloud, name, schedule, on=on, otherwise=otherwise, dictated=dictated is not None)


class Chaos:
    """A schedule under way: what `cloud.inject(schedule)` gives."""

    def __init__(
        self,
        cloud: Cloud,
        name: str,
        schedule: faults.Schedule,
        *,
        on: Any = None,
        otherwise: str | None = None,
        dictated: bool = False,
    ) -> None:
        self.name = name
        self.over = False
        """Whether nothing more of it will come, and nothing is in force."""
        self.skipped: list[Skipped] = []
        """What was left out, and why: by the guard, a quiet window, or for want of a host."""
        self._cloud = cloud
        self._kernel = cloud._kernel  # noqa: SLF001 - the clock is where events go
        self._ground = Ground.of(cloud)
        self._plan = schedule
        self._on = on
        self._otherwise = otherwise
        self._dictated = dictated
        self._agenda = Agenda(self._kernel, self._look_whether_over)
        self._force: list[Entry] = []
        self._done: list[faults.Fault] = []
        self._unset: dict[str, None] = {}
        self._waits: list[Wait] = []
        self._healed = self._told = False
        self._buggify: Buggify | None = None
        self._ground.nemeses.append(self)
        cloud._drawn.schedule(name, lambda: self.schedule)  # noqa: SLF001 - a plan keeps itself
        self._begin()

    # Being looked at.

    @property
    def schedule(self) -> faults.Schedule:
        """What has come so far, with the hosts that it hit: the schedule that would repeat it."""
        return msgspec.structs.replace(self._plan, faults=tuple(sorted(self._done, key=begin_ns)))

    @property
    def in_force(self) -> tuple[faults.Fault, ...]:
        """The faults of this nemesis that are in force now."""
        return tuple(entry.fault for entry in self._force)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts under test as of now."""
        return self._ground.under_test(self._on)

    @property
    def buggify(self) -> Buggify | None:
        """The sites in service code that misbehave meanwhile."""
        return self._buggify

    @buggify.setter
    def buggify(self, sites: Buggify | None) -> None:
        self._buggify = self._ground.world.buggify = sites

    # Coming and going.

    def _begin(self) -> None:
        seen: dict[str, int] = {}
        for fault in self._plan.in_order():
            fault = msgspec.structs.replace(fault, at=float(fault.at or 0))
            label = f"{fault.kind}@{fault.at!r}"
            twin = seen[label] = seen.get(label, 0) + 1
            self._await_its_time(Entry(fault, label if twin == 1 else f"{label}/{twin}"))
        for first, _ in self._plan.quiet:
            self._agenda.at(to_ns(first), "quiet", self._hush)
        if self._plan.heal_at is not None:
            self._agenda.at(to_ns(self._plan.heal_at), "heal", self.heal)
        self._look_whether_over()

    def _await_its_time(self, entry: Entry) -> None:
        what = f"begin {entry.fault.kind}"
        self._agenda.at(begin_ns(entry.fault), what, lambda: self._come(entry))

    def _come(self, entry: Entry) -> None:
        """The time of an entry has come: find its hosts, and put it in force if that is allowed."""
        self._lift_what_is_due()
        quiet = any(to_ns(a) <= self._agenda.now_ns() < to_ns(b) for a, b in self._plan.quiet)
        if quiet:
            self._skip(entry.fault, "a quiet window")
            return
        for fault in (entry.fault,) if entry.resolved else self._resolved(entry):
            part = Entry(fault, entry.stream, resolved=True)
            if begin_ns(fault) > self._agenda.now_ns():
                self._await_its_time(part)
            else:
                self._put_in_force(part)

    def _resolved(self, entry: Entry) -> Iterable[faults.Fault]:
        fault, ground = entry.fault, self._ground
        stranger = ground.stranger(fault)
        if stranger is not None and not self._dictated:
            known = ", ".join(ground.world.hosts)
            raise UsageError(f"{fault.kind}: there is no host {stranger!r}; hosts are: {known}")
        if stranger is not None:
            self._skip(fault, f"there is no host {stranger!r}")
            return ()
        stream = self._kernel.entropy.stream(self.name, entry.stream)
        found = ground.resolve(fault, self.hosts, stream, self._otherwise)
        if not found:
            self._skip(fault, "nobody is meant just now")
        return found

    def _allowed(self, fault: faults.Fault) -> faults.Fault | None:
        """As much of the fault as may be, now."""
        core = self._ground.core
        if core and isinstance(fault, faults.HostFault):
            others = tuple(name for name in fault.hosts if name not in core)
            if not others:
                self._skip(fault, "a healthy core is promised")
                return None
            fault = msgspec.structs.replace(fault, hosts=others)
        under_test = self.hosts
        limit = allowed(self._plan.guard, len(under_test))
        if limit is None:
            return fault
        left, why = narrowed(fault, self._ground.scene(under_test), limit)
        if why:
            self._skip(fault, why if left is None else f"in part: {why}")
        if why and limit == 0:
            self._tell_once(f"{self.name}: the guard lets none of {len(under_test)} hosts be out")
        return left

    def _put_in_force(self, entry: Entry) -> None:
        fault = self._allowed(entry.fault)
        if fault is None:
            return
        entry.fault = fault
        self._done.append(fault)
        self._force.append(entry)
        if isinstance(fault, _OF_CLOCKS) or getattr(fault, "freeze_clock", False):
            self._unset.update(dict.fromkeys(getattr(fault, "hosts", ())))
        entry.put(self._ground)
        if fault.lasts is not None:
            entry.end_ns = self._agenda.now_ns() + to_ns(fault.lasts)
            what = f"end {fault.kind}"
            entry.until = self._agenda.at(entry.end_ns, what, lambda: self._lift(entry))

    def _lift_what_is_due(self) -> None:
        """What ends at this instant ends before anything begins."""
        now_ns = self._agenda.now_ns()
        for entry in list(self._force):
            if entry.end_ns is not None and entry.end_ns <= now_ns:
                self._lift(entry)

    def _lift(self, entry: Entry) -> None:
        if entry not in self._force:
            return
        self._force.remove(entry)
        if entry.until is not None:
            self._agenda.call_off(entry.until)
        entry.lift(self._ground)

    def relieve(self, names: Iterable[str]) -> None:
        """Lift from these hosts what it did to them, and leave the others as they are."""
        for entry in self._force:
            for name in names:
                entry.relieve(self._ground, name)

    def _hush(self) -> None:
        for entry in list(self._force):
            self._lift(entry)

    def _tell_once(self, text: str) -> None:
        if not self._told:
            self._told = True
            self._cloud.note(text)

    def _skip(self, fault: faults.Fault, why: str) -> None:
        self.skipped.append(Skipped(self._agenda.now_ns() / NS, fault, why))

    # The end.

    def heal(self) -> None:
        """End it now: lift all that it did, and let nothing more come.

        Clocks that it moved have the right time again. Where an error takes a node down
        (`crash_on_error`), nodes that are down for that boot again, as if somebody watched them.
        What a disk has lost stays lost.
        """
        if self._healed or self._kernel.trace.sealed:
            return
        self._healed = True
        self._agenda.clear()
        for entry in reversed(list(self._force)):
            self._lift(entry)
        for name in self._unset:
            self._ground.host(name).clock.synchronise()
        if self._ground.world.crash_on_error:
            for name in self.hosts:
                self._ground.make_well(name)
        if self._buggify is not None and self._ground.world.buggify is self._buggify:
            self._ground.world.buggify = None
        self._look_whether_over()

    def calm(self, core: str | Iterable[str] = "majority") -> tuple[str, ...]:
        """From safety to liveness: a healthy core for good, and what is broken elsewhere stays so.

        core: how many hosts, drawn of those that hold what they acknowledged: "majority",
            "minority", "all"; or their names. They are up, and no fault lies on them, or between
            them and each other or clients, ever again. Nothing new comes; what is in force on other
            hosts stays in force until `heal()`. So who needs more than the core waits for ever.

        Gives the core's names. (TigerBeetle's VOPR, `transition_to_liveness_mode`.)
        """
        ground = self._ground
        stream = self._kernel.entropy.stream(self.name, "calm")
        knob = f"{self.name}.core"
        dictated = self._cloud._script.knobs.get(knob, core)  # noqa: SLF001 - a plan asks
        names = choose(dictated, self.hosts, ground.robbed, stream)
        self._cloud._drawn.knobs[knob] = list(names)  # noqa: SLF001 - a plan keeps itself
        record = (int(Kind.DECISION), self._kernel.clock.now_ns, f"{self.name} calm", list(names))
        self._kernel.trace.emit(record)
        self._agenda.clear()
        ground.core = tuple(dict.fromkeys((*ground.core, *names)))
        ground.world.network.spare(ground.spared)
        for nemesis in ground.nemeses:
            nemesis.relieve(names)
        for name in names:
            ground.make_well(name)
        for entry in self._force:
            entry.end_ns = entry.until = None
        if ground.world.buggify is not None:
            ground.world.buggify.spared = ground.core
        self._look_whether_over()
        return names

    async def finished(self) -> None:
        """Wait until it is over. Raises `UsageError` where it never will be by itself."""
        if self.over:
            return
        endless = [entry.fault.kind for entry in self._force if entry.until is None]
        if endless and not self._agenda.has("heal"):
            raise UsageError(
                f"{self.name} never ends: {endless[0]} has no end. Give the fault lasts=, give the "
                "schedule heal_at=, or call heal()"
            )
        wait = Wait(self._kernel, lambda: f"{self.name} to be over")
        self._waits.append(wait)
        await wait.park()

    def _look_whether_over(self) -> None:
        if self._agenda or self._force or self.over:
            return
        self.over = True
        waits, self._waits = self._waits, []
        with self._kernel.inside():
            for wait in waits:
                wait.wake()

    def __repr__(self) -> str:
        state = "over" if self.over else f"{len(self._force)} in force, {len(self._agenda)} to come"
        return f"<Chaos {self.name}: {state}>"
