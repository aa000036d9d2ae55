"""Owns the machine that a node runs on, across its lives: boot, power cut, restart, pause,
slowness.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, cast, get_args

from minicloud.errors import PowerCut, UsageError
from minicloud.kernel.clock import seconds, to_ns
from minicloud.kernel.records import Fate, Kind
from minicloud.node.life.activity import NOBODY
from minicloud.node.life.incarnation import Incarnation
from minicloud.node.life.periodic import start_periodic
from minicloud.node.life.probe import ProbedDisk, ProbedIncarnation
from minicloud.node.machine.clock import MachineClock, NodeClock
from minicloud.node.machine.disk import Loss, NodeDisk, Storage
from minicloud.node.machine.pausing import Pausing
from minicloud.node.machine.points import CrashPoints
from minicloud.node.machine.server import Server
from minicloud.node.machine.spec import Machine, sampler_of, takes_time
from minicloud.node.machine.timers import retime
from minicloud.node.node import Never, Node, Passing, Until
from minicloud.node.world import World, acting

__all__ = ["Host"]

N = TypeVar("N", bound=Node)

_CRASH, _BOOT, _FAULT, _STATE = int(Kind.CRASH), int(Kind.BOOT), int(Kind.FAULT), int(Kind.STATE)


class Host(Generic[N]):
    """A machine: its name, zone, disk and clock stay, its node comes and goes."""

    def __init__(
        self,
        world: World,
        machine: Machine,
        cls: Callable[..., N],
        kwargs: dict[str, Any],
        on_boot: Callable[[N], None] | None = None,
    ) -> None:
        if not (isinstance(cls, type) and issubclass(cls, Node)):
            raise UsageError(f"cloud.node({machine.name!r}, {cls!r}): give a subclass of Node")
        self.world = world
        self.machine = machine
        self.name = machine.name
        self.port = world.network.attach(machine.name, machine.zone)
        self.disk = Storage(machine, world.kernel.entropy)
        self.clock = MachineClock(world.kernel.clock, self._retime)
        self.state: dict[str, object] = {}
        """What the node shows; empty while it is down."""
        self._cls: type[N] = cast("type[N]", cls)
        self._kwargs = kwargs
        self._on_boot = on_boot
        self._incarnation: Incarnation | None = None
        self._node: N | None = None
        self._number = 0
        self._sent = 0
        self.paused_ns: int | None = None
        self.pausing = Pausing(self)
        self._down_since_ns = 0
        self._points = CrashPoints()
        self._takes_time = takes_time(machine.service)
        self._slow = self._own_slow = (1.0, 0)
        self._burdens: tuple[tuple[float, int], ...] = ()
        world.hosts[machine.name] = self
        self.boot()

    # Being looked at.

    @property
    def zone(self) -> str:
        """The zone it stands in; empty where none was given."""
        return self.machine.zone

    @property
    def node_class(self) -> type[N]:
        """What every boot makes one of."""
        return self._cls

    @property
    def up(self) -> bool:
        """Whether it has power; a paused host has."""
        return self._incarnation is not None

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self.paused_ns is not None

    @property
    def peek(self) -> N:
        """The node object, for tests and checks; node code never sees another's.

        Raises `UsageError` while the host is down.
        """
        if self._node is None:
            since = seconds(self._down_since_ns)
            msg = f"{self.name}.peek: {self.name} is down since {since:g} s; "
            raise UsageError(msg + f"restart() it, or read {self.name}.disk")
        return self._node

    @property
    def incarnation(self) -> Incarnation | None:
        """The machinery of the present life; None while it is down."""
        return self._incarnation

    @property
    def sent(self) -> int:
        """Messages that the host has sent in all its lives."""
        return self._sent + (self._incarnation.sent if self._incarnation is not None else 0)

    # Power.

    @acting
    def boot(self) -> None:
        """Make a new node object on this machine and let it hear; raises what `__init__` does."""
        if self._incarnation is not None:
            raise UsageError(f"{self.name}.boot(): {self.name} is up; restart() crashes it first")
        self._number += 1
        probe = self.world.probe
        incarnation = (Incarnation if probe is None else ProbedIncarnation)(self, self._number)
        kernel = self.world.kernel
        kernel.trace.emit((_BOOT, kernel.clock.now_ns, incarnation.label, self.zone))
        self.world.network.band(self.name, "down", begins=False)
        node = self._cls.__new__(self._cls)
        node._core = incarnation
        node.name = self.name
        node.disk = (NodeDisk if probe is None else ProbedDisk)(incarnation, self.disk)
        node.clock = NodeClock(self.clock)
        self._incarnation, self._node = incarnation, node
        if self._on_boot is not None:
            self._on_boot(node)
        self._renew_server()
        # Nobody's request, yet plain code: a crash point in it raises, as in a `def` handler.
        incarnation.activity = NOBODY
        try:
            incarnation.context.run(node.__init__, **self._kwargs)  # type: ignore[misc]
            if incarnation.alive:
                self._begin(incarnation, node)
        except BaseException as error:
            if isinstance(error, PowerCut) and not incarnation.alive:
                return
            self.crash()
            raise
        finally:
            incarnation.activity = None

    def _begin(self, incarnation: Incarnation, node: N) -> None:
        incarnation.listen(node, self._cls._handlers)
        self.port.receiver = incarnation
        for periodic in self._cls._periodics:
            start_periodic(incarnation, node, periodic)
        main = getattr(node, "main", None)
        if main is not None:
            incarnation.spawn(main)

    @acting
    def crash(self, disk: Loss = "lose-unsynced") -> None:
        """Cut the power: no `finally` of the node runs, and nothing it still does has an effect."""
        if disk not in get_args(Loss):
            raise UsageError(f"crash(disk={disk!r}): say one of {', '.join(get_args(Loss))}")
        incarnation = self._incarnation
        if incarnation is None:
            return
        kernel = self.world.kernel
        kernel.trace.emit((_CRASH, kernel.clock.now_ns, incarnation.label, disk))
        self.world.network.band(self.name, "down", begins=True)
        incarnation.end()
        self._sent += incarnation.sent
        self.port.receiver = None
        self._incarnation = self._node = None
        self._down_since_ns = kernel.clock.now_ns
        self._abandon(incarnation, Fate.DOWN)
        self.state = {}
        self.pausing.cut()
        incarnation.calls.drop_all()
        kernel.kill(incarnation.domain, incarnation.tasks.scope)
        self.disk.crash(disk)

    def revoke(self) -> None:
        """The run is over: what the node's code still does while it unwinds goes nowhere."""
        if self._incarnation is not None:
            self._incarnation.end()
            self._abandon(self._incarnation, Fate.UNDER_WAY)

    def _abandon(self, incarnation: Incarnation, fate: str) -> None:
        """Messages that reached the machine and will reach no handler."""
        for envelope in self.pausing.empty():
            self.world.network.fate(envelope, fate)
        if incarnation.server is not None:
            incarnation.server.abandon(fate)

    def restart(self) -> None:
        """Boot again, after a crash if it is still up."""
        self.crash()
        self.boot()

    def crash_at(self, point: str, occurrence: int = 1) -> None:
        """Cut the power when the node reaches a named crash point for the nth time from now."""
        self._points.arm(point, occurrence)

    def reached(self, incarnation: Incarnation, point: str) -> Awaitable[None]:
        """A node came to a named crash point; crash there if somebody asked for it."""
        if not incarnation.alive:
            return Never()
        probe, in_handler = self.world.probe, incarnation.activity is not None
        if self._points.reach(point):
            self.crash()
        elif probe is not None and probe.reach(self, f"at {point}"):
            probe.cut(self)
        else:
            return Passing()
        if in_handler:
            raise PowerCut(f"{self.name} lost power at {point}")
        return Never()

    # Pause and slowness.

    def pause(self, *, freeze_clock: bool = False) -> Until:
        """Stop the node's code; what arrives waits. `with host.pause():` resumes at its end.

        Deadlines that pass meanwhile have passed on resume; then the inbox is delivered in order.
        With `freeze_clock` the machine is suspended: its clock and its timers stand still too. Of
        several such blocks at once the last to end resumes; `resume()` ends them all.
        """
        mine = self.pausing.begin(freeze_clock=freeze_clock)
        return Until(lambda: self.pausing.end(mine))

    def resume(self) -> None:
        """Let a paused node go on."""
        self.pausing.resume()

    def slow(self, *, times: float = 1.0, by: float = 0.0) -> Until:
        """Make every handler take `times` its service time plus `by` seconds, until `slow()` again.

        `with host.slow(by=0.2):` ends it at its end.
        """
        if times <= 0 or by < 0:
            raise UsageError(f"slow(times={times}, by={by}): times is above 0 and by 0 or more")
        before, self._own_slow = self._own_slow, (mine := (times, to_ns(by)))
        phase = "end" if self._own_slow == (1.0, 0) else "begin"
        self.tell("slow", phase, f"times={times} by={by}")
        self._renew_pace()

        def end() -> None:
            if self._own_slow is mine:
                self.slow(times=before[0], by=seconds(before[1]))

        return Until(end)

    def burden(self, times: float, by: float) -> Callable[[], None]:
        """Make handlers slower beside whatever else does, until the call of what this gives."""
        mine = (times, to_ns(by))
        self._burdens += (mine,)
        self._renew_pace()

        def end() -> None:
            at = self._burdens.index(mine)
            self._burdens = self._burdens[:at] + self._burdens[at + 1 :]
            self._renew_pace()

        return end

    def _renew_pace(self) -> None:
        times, more_ns = self._own_slow
        for factor, by_ns in self._burdens:
            times, more_ns = times * factor, more_ns + by_ns
        self._slow = times, more_ns
        self._renew_server()

    def service_ns(self) -> int:
        """How long the next handler takes before its effect, in nanoseconds: one draw each."""
        times, more_ns = self._slow
        draw = self.world.kernel.entropy.stream("service", self.name).draw
        return int(sampler_of(self.machine.service)(draw()) * times) + more_ns

    def _renew_server(self) -> None:
        incarnation, machine = self._incarnation, self.machine
        if incarnation is None:
            return
        wanted = self._takes_time or self._slow[1] or machine.concurrency or machine.queue
        if wanted and incarnation.server is None:
            # Once there is a server it stays, or a queue might be overtaken.
            incarnation.server = Server(self, incarnation)

    @property
    def concurrency(self) -> int | None:
        """Handlers at once; None is without bound."""
        if self.machine.concurrency is None and (self._takes_time or self._slow[1]):
            return 1
        return self.machine.concurrency

    def _retime(self, before: float, after: float) -> None:
        """Move pending timers to what is left of them at another rate of the clock."""
        now_ns = self.world.kernel.clock.now_ns
        retime(self, lambda timer: now_ns + int((timer.due_ns - now_ns) * before / after))

    # What the node reports.

    def show(self, incarnation: Incarnation, state: dict[str, object]) -> None:
        """Publish what a node says of itself; no part of the digest."""
        if incarnation.alive:
            self.state.update(state)
            kernel, shown = self.world.kernel, {key: str(state[key]) for key in state}
            kernel.trace.observe((_STATE, kernel.clock.now_ns, incarnation.label, shown))

    def unexpected(self, incarnation: Incarnation, error: BaseException, where: str) -> None:
        """An exception that nobody caught left the node's code."""
        self.world.report(incarnation.label, where, error)
        if self.world.crash_on_error:
            self.crash()

    def tell(self, kind: str, phase: str, detail: str = "") -> None:
        """Say in the trace that something wrong with this machine begins or ends."""
        kernel = self.world.kernel
        kernel.trace.emit((_FAULT, kernel.clock.now_ns, self.name, phase, kind, detail))
        self.world.network.band(self.name, kind, begins=phase == "begin")

    def __repr__(self) -> str:
        state = "down" if not self.up else "paused" if self.paused else "up"
        return f"<Host {self.name} {state}>"
