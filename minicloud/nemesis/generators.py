"""Owns the generators: values that say which faults come when, and make a schedule from a seed.

What comes is a *source*: a fault as a value, a kind by name (`"crash"`), or several of them under
`mix`, `sequence` or `on`. When it comes is a *plan*: `every`, `within`, and plans side by side with
`|`. A plan draws all its times in advance, so that a schedule is data before it begins. Each fault
and each row of times has a stream of its own name, so that one source more moves no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from minicloud.cloud.control import names_of
from minicloud.errors import UsageError
from minicloud.kernel.clock import NS
from minicloud.kernel.entropy import Entropy, Stream
from minicloud.nemesis.kinds import KINDS, Kind, kinds_named
from minicloud.net.distributions import Constant, Distribution
from minicloud.node import faults

if TYPE_CHECKING:
    from minicloud.cloud import Cloud
    from minicloud.nemesis.running import Chaos

__all__ = ["Plan", "Streams", "every", "mix", "on", "sequence", "within"]

Names = tuple[str, ...]
What = Any
"""A fault, a kind's name, or what `mix`, `sequence` and `on` give."""

ANY: Names = ("@any",)
"""Whom a kind is about, unless `on` says: one host, drawn when the fault comes."""


class Streams(Protocol):
    """Streams of randomness by name: `cloud.random`, or `Seeded`."""

    def stream(self, name: str) -> Stream:
        """The stream of that name."""
        ...


class Chances(Streams, Protocol):
    """Streams, and knobs."""

    def knob(self, name: str, *choices: Any) -> Any:
        """One of the choices; the same name gives the same value again."""
        ...


class Seeded:
    """The streams of a seed, where there is no cloud: for looking at what a plan would do."""

    def __init__(self, seed: int) -> None:
        self._entropy = Entropy(seed)

    def stream(self, name: str) -> Stream:
        """The stream of that name, the same that `cloud.random` gives in a run of the seed."""
        return self._entropy.stream("scenario", name)

    def knob(self, name: str, *choices: Any) -> Any:
        """One of the choices, the same that `cloud.random` gives in a run of the seed."""
        return choices[int(self._entropy.draw("knob", name)() * len(choices))]


# What comes.


class Source(msgspec.Struct, frozen=True):
    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        """The nth fault of this source, drawn from a stream that is this one fault's own."""
        raise NotImplementedError


class _Fixed(Source, frozen=True):
    fault: faults.Fault

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        return self.fault if hosts is ANY else _aimed(self.fault, hosts)


class _Kinds(Source, frozen=True):
    kinds: tuple[Kind, ...]

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        kind = draw.choice(self.kinds)
        if hosts is not ANY and not kind.aims:
            raise UsageError(
                f"on({list(hosts)}, {kind.name!r}): a {kind.name} finds its own hosts. Say whom it "
                "may find with within(…, on=…)"
            )
        return kind.make(draw, hosts)


class _Mix(Source, frozen=True):
    sources: tuple[Source, ...]
    weights: tuple[float, ...]

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        mark, which = draw.random() * sum(self.weights), 0
        while which + 1 < len(self.weights) and mark >= self.weights[which]:
            mark -= self.weights[which]
            which += 1
        return self.sources[which].make(draw, nth, hosts)


class _Sequence(Source, frozen=True):
    sources: tuple[Source, ...]

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        turn, which = divmod(nth, len(self.sources))
        return self.sources[which].make(draw, turn, hosts)


class _On(Source, frozen=True):
    hosts: Names
    source: Source

    def make(self, draw: Stream, nth: int, hosts: Names) -> faults.Fault:
        return self.source.make(draw, nth, self.hosts)


def _aimed(fault: faults.Fault, hosts: Names) -> faults.Fault:
    """The same fault on other hosts."""
    if "hosts" in fault.__struct_fields__:
        return msgspec.structs.replace(fault, hosts=hosts)
    if isinstance(fault, faults.Rolling):
        return msgspec.structs.replace(fault, fault=_aimed(fault.fault, hosts))
    if isinstance(fault, faults.Directed):
        return msgspec.structs.replace(fault, target=hosts)
    raise UsageError(
        f"on({list(hosts)}, {type(fault).__name__}(…)): a {fault.kind} says itself whom it is "
        "about; write the hosts there"
    )


def _source(what: What) -> Source:
    if isinstance(what, Source):
        return what
    if isinstance(what, faults.Fault):
        return _Fixed(what)
    if isinstance(what, str):
        return _Kinds((KINDS[what],) if what in KINDS else kinds_named(what))
    raise UsageError(f"{what!r} makes no fault: give a fault, a kind such as 'crash', or mix(…)")


def mix(*sources: What, weights: Sequence[float] | None = None) -> Source:
    """One of the sources each time, drawn; `weights` says how likely each is."""
    if not sources:
        raise UsageError("mix(): give sources, such as mix('crash', 'pause')")
    shares = tuple(1.0 for _ in sources) if weights is None else tuple(weights)
    if len(shares) != len(sources) or min(shares) < 0 or not sum(shares) > 0:
        raise UsageError(f"mix(weights={weights!r}): give one from 0 for each source, not all 0")
    return _Mix(tuple(_source(each) for each in sources), shares)


def sequence(*sources: What) -> Source:
    """One of the sources after the other, in turn, and again from the first."""
    if not sources:
        raise UsageError("sequence(): give sources, such as sequence('crash', 'pause')")
    return _Sequence(tuple(_source(each) for each in sources))


def on(hosts: Any, source: What) -> Source:
    """The source's faults on these hosts: names, patterns, handles, or a selector: `"@leader"`."""
    return _On(names_of(hosts), _source(source))


# When it comes.


class Plan(msgspec.Struct, frozen=True):
    """Which faults come when. `a | b` is both side by side; `within` gives it an end."""

    def __or__(self, other: Plan) -> Plan:
        """Both at once, neither knowing of the other."""
        return _Together((self, other))

    def timed(self, streams: Streams, path: str, begin: float, end: float) -> list[faults.Fault]:
        """Every fault that comes in these seconds, with `at` and `lasts`."""
        raise NotImplementedError

    def schedule(self, streams: Streams | int, *, name: str = "nemesis") -> faults.Schedule:
        """The plan as data: what a nemesis of this name would do, from streams or from a seed."""
        raise UsageError("The plan has no end. Write within(0, 30, plan)")

    def begin(self, cloud: Cloud) -> Chaos:
        """Draw the schedule from the run's seed, begin it, and give its handle."""
        raise UsageError("The plan has no end. Write within(0, 30, plan)")


class _Together(Plan, frozen=True):
    plans: tuple[Plan, ...]

    def timed(self, streams: Streams, path: str, begin: float, end: float) -> list[faults.Fault]:
        return [
            fault
            for number, plan in enumerate(self.plans)
            for fault in plan.timed(streams, f"{path}.{number}", begin, end)
        ]


class _Every(Plan, frozen=True):
    gap: Distribution
    source: Source
    lasts: Distribution | None
    stable: float
    apart: bool

    def timed(self, streams: Streams, path: str, begin: float, end: float) -> list[faults.Fault]:
        gap, lasts = _drawer(self.gap, streams.stream(f"{path}/gap")), None
        if self.lasts is not None:
            lasts = _drawer(self.lasts, streams.stream(f"{path}/lasts"))
        found: list[faults.Fault] = []
        at = begin + max(gap(), self.stable)
        while at < end:
            fault = self.source.make(streams.stream(f"{path}#{len(found)}"), len(found), ANY)
            length = fault.lasts if lasts is None else max(lasts(), self.stable)
            found.append(msgspec.structs.replace(fault, at=_neat(at), lasts=length))
            after = at + (length or 0.0) if self.apart else at
            at = after + max(gap(), self.stable)
        return found


def _neat(seconds: float) -> float:
    """To the nanosecond, so that what is written is what happens."""
    return round(seconds * NS) / NS


def _drawer(distribution: Distribution, stream: Stream) -> Callable[[], float]:
    sample = distribution.compile()
    return lambda: max(1, sample(stream.draw())) / NS


def _duration(what: str, value: float | Distribution) -> Distribution:
    if isinstance(value, Distribution):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise UsageError(f"every({what}={value!r}): give seconds above 0, or a distribution")
    return Constant(value)


def every(
    gap: float | Distribution,
    *sources: What,
    lasts: float | Distribution | None = None,
    stable: float = 0.0,
    apart: bool = False,
) -> Plan:
    """A fault of one of the sources again and again.

    gap: seconds from the beginning of one to the beginning of the next, or a distribution of them.
    lasts: seconds that each is in force, or a distribution; otherwise as the fault itself says.
    stable: seconds that no gap and no length is shorter than: without them the quickest draws make
        a network that never holds still, in which little happens (TigerBeetle's partition
        stability).
    apart: count the gap from the end of one, so that two of them never overlap.
    """
    if not sources:
        raise UsageError("every(): give what comes, such as every(5, 'crash', lasts=2)")
    if not 0 <= stable < inf:
        raise UsageError(f"every(stable={stable!r}): give seconds from 0")
    source = _source(sources[0]) if len(sources) == 1 else mix(*sources)
    length = None if lasts is None else _duration("lasts", lasts)
    return _Every(_duration("gap", gap), source, length, stable, apart)


class _Within(Plan, frozen=True):
    first: float
    last: float
    plan: Plan
    guard: str | int | None
    quiet: tuple[tuple[float, float], ...]
    on: Any

    def timed(self, streams: Streams, path: str, begin: float, end: float) -> list[faults.Fault]:
        return self.plan.timed(streams, path, max(begin, self.first), min(end, self.last))

    def schedule(self, streams: Streams | int, *, name: str = "nemesis") -> faults.Schedule:
        if isinstance(streams, int):
            streams = Seeded(streams)
        found = self.timed(streams, name, self.first, self.last)
        found.sort(key=lambda fault: fault.at or 0.0)
        return faults.Schedule(
            faults=tuple(found), heal_at=self.last, guard=self.guard, quiet=self.quiet
        )

    def begin(self, cloud: Cloud) -> Chaos:
        from minicloud.nemesis.running import begin  # noqa: PLC0415 - it knows plans

        return begin(cloud, lambda name: self.schedule(cloud.random, name=name), on=self.on)


def within(
    first: float,
    last: float,
    *plans: Plan,
    guard: str | int | None = "minority",
    quiet: Sequence[tuple[float, float]] = (),
    on: Any = None,
) -> Plan:
    """The plans, from `first` to `last` seconds after the beginning, when everything is healed.

    guard, quiet: as in a `Schedule`. on: the hosts under test; all that are no clients, unless
    given.
    """
    if not plans or not 0 <= first < last < inf:
        raise UsageError(f"within({first!r}, {last!r}, …): give two times in order, and plans")
    plan = plans[0] if len(plans) == 1 else _Together(tuple(plans))
    return _Within(first, last, plan, guard, tuple(quiet), on)
