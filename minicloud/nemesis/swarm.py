"""Owns `Swarm`: a nemesis that draws from the seed also which kinds of trouble there are, and how
much.

Each run leaves out about half of the kinds (Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing",
ISSTA 2012, section 2): where everything goes wrong at once, one fault hides another, and what needs
many of one kind never meets them. How many faults, how long, how much is lost at all times: these
are drawn too, as in TigerBeetle's VOPR. Every choice is a knob, kept in `Run.knobs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.entropy import Stream
from minicloud.nemesis.generators import Chances, Names, Seeded, Source, every
from minicloud.nemesis.kinds import Kind, kinds_named
from minicloud.nemesis.running import begin
from minicloud.net.distributions import Constant, Distribution, Exponential, Mixture
from minicloud.node import faults
from minicloud.node.life.buggify import Buggify

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.nemesis.running import Chaos

__all__ = ["Swarm"]

_COUNTS = (2, 5, 12, 30)
_LENGTHS = (0.01, 0.03, 0.1, 0.3)
_DELAYS: dict[str, Distribution | None] = {
    "as they are": None,
    "long tail": Exponential(0.005),
    "two speeds": Mixture(((0.95, Constant(0.0)), (0.05, Exponential(0.1)))),
    "far apart": Exponential(0.01, shift=0.03),
}


class Swarm(msgspec.Struct, frozen=True, kw_only=True):
    """Random trouble, another kind of it in each run: `cloud.start(Swarm(lasts=30))`.

    kinds: names of `minicloud.nemesis.KINDS`, of which each run leaves out about half; all that a
        store can survive, unless given.
    lasts: seconds, after which everything is healed.
    guard, quiet: as in a `Schedule`.
    faults_per_s: how many faults come a second in the mean over all seeds; drawn, unless given.
    buggify: whether `node.buggify` sites fire meanwhile.
    on: the hosts under test, by name, pattern or handle; all that are no clients, unless given.
    """

    kinds: Sequence[str] | None = None
    lasts: float = 30.0
    guard: str | int | None = "minority"
    faults_per_s: float | None = None
    quiet: Sequence[tuple[float, float]] = ()
    buggify: bool = True
    on: Any = None

    def __post_init__(self) -> None:
        kinds_named(self.kinds)
        for field in ("lasts", "faults_per_s"):
            value = getattr(self, field)
            if value is not None and not 0 < value < inf:
                raise UsageError(f"Swarm: {field}={value!r}: give a number above 0")
        faults.Schedule(guard=self.guard, quiet=self.quiet)

    def schedule(self, chances: Chances | int, *, name: str = "nemesis") -> faults.Schedule:
        """What a nemesis of this name would do, from `cloud.random` or from a seed, as data."""
        drawn = _Drawn(Seeded(chances) if isinstance(chances, int) else chances, name)
        found = [*self._background(drawn)]
        for kind in self._chosen(drawn):
            found += self._of(kind, drawn)
        found.sort(key=lambda fault: fault.at or 0.0)
        return faults.Schedule(tuple(found), heal_at=self.lasts, guard=self.guard, quiet=self.quiet)

    def begin(self, cloud: Cloud) -> Chaos:
        """Draw the knobs and the schedule, begin it, and give its handle."""
        chaos = begin(
            cloud,
            lambda name: self.schedule(cloud.random, name=name),
            on=self.on,
            otherwise="@any",
        )
        if self.buggify:
            chaos.buggify = Buggify(cloud._kernel, lambda site: _site(cloud, site))  # noqa: SLF001
        return chaos

    def _chosen(self, drawn: _Drawn) -> list[Kind]:
        offered = kinds_named(self.kinds)
        if len(offered) == 1:
            return [*offered]
        return [kind for kind in offered if drawn.knob(kind.name, False, True)]

    def _of(self, kind: Kind, drawn: _Drawn) -> list[faults.Fault]:
        """All faults of one kind; which other kinds there are moves none of them."""
        count = drawn.knob("faults", *_COUNTS)
        if self.faults_per_s is not None:
            count = self.faults_per_s * self.lasts
        offered = len(kinds_named(self.kinds))
        length = drawn.knob("length_s", *(float(f"{self.lasts * share:.3g}") for share in _LENGTHS))
        plan = every(
            Exponential(self.lasts * max(1, offered / 2) / count),
            _Aimed(kind, drawn.knob("at_leader", 0.0, 0.5, 0.9)),
            lasts=Exponential(length),
            stable=length * drawn.knob("stable", 0.0, 0.5),
        )
        return plan.timed(drawn.chances, f"{drawn.name}.{kind.name}", 0.0, self.lasts)

    def _background(self, drawn: _Drawn) -> Iterable[faults.Fault]:
        """What is the matter with every link all the time, but for quiet windows."""
        offered = [kind.name for kind in kinds_named(self.kinds)]
        # Who leaves a kind out can't bear it at any time.
        loss = drawn.knob("loss", 0.0, 0.0, 0.01, 0.1) if "link-loss" in offered else 0.0
        twice = 0.0
        if "link-duplicate" in offered:
            twice = drawn.knob("duplicates", 0.0, 0.0, 0.05, 0.3)
        extra = _DELAYS[drawn.knob("links", *_DELAYS)] if "link-delay" in offered else None
        for first, last in _between(self.quiet, self.lasts):
            when: dict[str, Any] = {"at": first, "lasts": last - first}
            if loss:
                yield faults.Loss(loss, **when)
            if twice:
                yield faults.Duplicate(twice, Exponential(0.02), **when)
            if extra is not None:
                yield faults.Delay(extra, **when)


class _Drawn(msgspec.Struct):
    """The knobs of one nemesis."""

    chances: Chances
    name: str

    def knob(self, name: str, *choices: Any) -> Any:
        return self.chances.knob(f"{self.name}.{name}", *choices)


class _Aimed(Source, frozen=True):
    """A kind, of which some share hits the leader, if there is one, and the rest anybody."""

    kind: Kind
    share: float

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        aim, many = draw.chance(self.share), draw.chance(0.2)
        whom = "@leader" if aim else "@minority" if many else "@any"
        return self.kind.make(draw, (whom,))


def _between(quiet: Sequence[tuple[float, float]], end: float) -> Iterable[tuple[float, float]]:
    """The times outside of the windows."""
    first = 0.0
    for window in sorted(quiet):
        if first < window[0] < end:
            yield first, window[0]
        first = max(first, window[1])
    if first < end:
        yield first, end


def _site(cloud: Cloud, site: str) -> bool:
    """Whether a buggify site is on in this run: a quarter of them are."""
    return cloud.random.knob(f"buggify.{site}", True, False, False, False)
