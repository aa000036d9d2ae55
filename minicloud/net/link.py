"""Owns the state of one directed link: its streams, its wire, the faults that lie on it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minicloud.kernel.clock import NS
from minicloud.kernel.entropy import INCREMENT, MASK, MULTIPLIER, UNIT, Entropy, Source
from minicloud.kernel.records import Fate
from minicloud.net.profile import Profile

if TYPE_CHECKING:
    from minicloud.net.envelope import Envelope
    from minicloud.net.faults.active import Active
    from minicloud.net.network import Port

__all__ = ["Link", "Nature", "Plan"]

_RANKS = 255
"""Few enough that Python has each of these integers once, and a message touches no cold one."""


class Plan:
    """What shall become of one message: decided by the link, then changed by the faults on it."""

    __slots__ = ("copies_ns", "delay_ns", "fate", "late")

    def __init__(self, delay_ns: int) -> None:
        self.delay_ns = delay_ns
        self.copies_ns: list[int] = []
        self.fate: str | None = None
        self.late = False
        """Whether it is held back on purpose, so that later messages may overtake it."""


class Nature:
    """What a profile comes to on the hot path; every link of that profile shares one."""

    __slots__ = ("delay", "kept", "plain", "profile", "stretch")

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.delay: Callable[[float], int] = profile.delay.compile()
        # When a message arrives, if ever, is one decision and so one draw: the upper end of [0, 1)
        # is loss, and the rest is stretched over the delay's quantiles. More loss moves no message
        # that still arrives by more than the stretch.
        self.kept = 1.0 - profile.loss
        self.stretch = 1.0 / self.kept if self.kept else 1.0
        self.plain = not (
            profile.duplicate or profile.reorder or profile.fifo or profile.bandwidth_bytes_per_s
        )


class Link(Source):
    """A directed link between two ports. It is its own stream of randomness, for want of room.

    `plain` says that delay and loss, drawn and not dictated, are all there is to it: the fast path;
    `faults` are those that lie on it now, in the order they were put there, `at_start` and `at_end`
    those of them that change what is sent, or meet what arrives; `lane` is what an order of
    messages does to it.
    """

    __slots__ = (
        "_arrival_ns",
        "_free_ns",
        "_nature",
        "at_end",
        "at_start",
        "delay",
        "faults",
        "kept",
        "lane",
        "plain",
        "rank",
        "source",
        "stretch",
        "target",
    )

    def __init__(self, source: Port, target: Port, nature: Nature, entropy: Entropy) -> None:
        # Its own stream for each purpose: neither a new client nor a lifted fault moves these.
        state, tape = entropy.source("link", source.name, target.name)
        super().__init__(state, tape)
        self.source = source
        self.target = target
        self.lane = entropy.lane(source.name, target.name)
        # Above the rank of faults and timers; equal arrivals on two links vary by seed.
        self.rank = 1 + state % _RANKS
        self.faults: tuple[Active, ...] = ()
        self.at_start: tuple[Active, ...] = ()
        self.at_end: tuple[Active, ...] = ()
        self._free_ns = 0
        self._arrival_ns = 0
        self.set_nature(nature)

    @property
    def name(self) -> str:
        """`source→target`."""
        return f"{self.source.name}→{self.target.name}"

    @property
    def profile(self) -> Profile:
        """Delay, loss and the rest."""
        return self._nature.profile

    def set_nature(self, nature: Nature) -> None:
        """Give the link another nature; messages under way keep their arrival."""
        self._nature = nature
        self.delay, self.kept, self.stretch = nature.delay, nature.kept, nature.stretch
        free = self.tape is None and self.lane is None
        self.plain = nature.plain and not self.at_start and free

    def set_faults(self, faults: tuple[Active, ...]) -> None:
        """Say which faults lie on the link from now on."""
        self.faults = faults
        self.at_start = tuple([fault for fault in faults if fault.at_start])
        self.at_end = tuple([fault for fault in faults if fault.at_end])
        free = self.tape is None and self.lane is None
        self.plain = self._nature.plain and not self.at_start and free

    def plan(self, envelope: Envelope, now_ns: int) -> Plan:
        """Decide a message's fate, with as many draws whatever it is. The slow path of `plain`."""
        if self.tape is None and self.lane is None:
            # What `draw` does, without the call.
            self.state = state = (self.state * MULTIPLIER + INCREMENT) & MASK
            chance = (state >> 75) * UNIT
        else:
            chance = self._arrival()
        lost = chance >= self.kept
        plan = Plan(0 if lost else self.delay(chance * self.stretch))
        if self._nature.plain:
            if lost:
                plan.fate = Fate.LOST
            for fault in self.at_start:
                fault.on_send(self, envelope, plan)
            return plan
        self._disturb(plan, envelope, now_ns)
        if lost and plan.fate is None:
            plan.fate = Fate.LOST
        for fault in self.at_start:
            fault.on_send(self, envelope, plan)
        if self._nature.profile.fifo and not plan.late and plan.fate is None:
            # After the faults: a link that keeps order keeps it behind a delayed message too.
            self._arrival_ns = max(self._arrival_ns, now_ns + plan.delay_ns)
            plan.delay_ns = self._arrival_ns - now_ns
        return plan

    def _disturb(self, plan: Plan, envelope: Envelope, now_ns: int) -> None:
        """What the profile has beside delay and loss."""
        profile = self._nature.profile
        if profile.duplicate:
            again, copy_ns = self._happens(profile.duplicate), self._another_delay()
            if again:
                plan.copies_ns.append(copy_ns)
        if profile.reorder:
            plan.late, more_ns = self._happens(profile.reorder), self._another_delay()
            plan.delay_ns += more_ns if plan.late else 0
        if profile.bandwidth_bytes_per_s is not None:
            self._wire(plan, envelope.size_bytes, now_ns)

    # A draw below 0 is a tape's that declines to decide: nothing unusual happens, and a delay is
    # the median.

    def _arrival(self) -> float:
        """When the message arrives, if ever: below `kept` it is a quantile of what is kept."""
        chance = self.draw()
        if self.lane is not None:
            chance = self.lane(chance, self.kept)
        return chance if chance >= 0 else self.kept / 2

    def _happens(self, probability: float) -> bool:
        return 0 <= self.draw() < probability

    def _another_delay(self) -> int:
        quantile = self.draw()
        return self.delay(quantile if quantile >= 0 else 0.5)

    def _wire(self, plan: Plan, size_bytes: int, now_ns: int) -> None:
        """Queue for the wire: serialisation takes time, and the queue has an end."""
        rate = self._nature.profile.bandwidth_bytes_per_s
        assert rate is not None
        start_ns = max(now_ns, self._free_ns)
        waiting_bytes = (start_ns - now_ns) * rate / NS
        limit = self._nature.profile.queue_bytes
        if limit is not None and waiting_bytes > 0 and waiting_bytes + size_bytes > limit:
            plan.fate = "queue full"
            return
        self._free_ns = start_ns + round(size_bytes * NS / rate)
        wait_ns = self._free_ns - now_ns
        plan.delay_ns += wait_ns
        plan.copies_ns = [copy_ns + wait_ns for copy_ns in plan.copies_ns]

    def __repr__(self) -> str:
        faults = f", {len(self.faults)} faults" if self.faults else ""
        return f"<Link {self.name}{faults}>"
