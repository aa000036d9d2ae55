"""Owns the looking: properties after every event, at samples and at deadlines; waits of `until`.

A run without properties pays nothing; with one, a call per event.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Any

from minicloud.check.history import History
from minicloud.check.verdict import Check, Verdict
from minicloud.cloud.properties.conditions import Condition, holds
from minicloud.cloud.properties.judging import judged
from minicloud.cloud.properties.kinds import Property, Sometimes
from minicloud.cloud.properties.results import CheckResult
from minicloud.errors import UsageError
from minicloud.kernel.clock import seconds, to_ns
from minicloud.kernel.records import Kind
from minicloud.kernel.run import RANK_LIMIT
from minicloud.kernel.waiting import Wait
from minicloud.node.world import World

__all__ = ["Promises"]

_RANK_OVER = -1
"""Before all else in the nanosecond after a deadline: the deadline's own instant is over."""

_CHECK = int(Kind.CHECK)


class Promises:
    """The checks and properties of one run, and the waits of `until`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kernel = world.kernel
        self.clock = world.kernel.clock
        self.mistaken: Exception | None = None
        """What a property raised at the last look of all, when nothing could be ended any more."""
        self.broken: list[Property] = []
        """Properties that are broken, in the order they broke."""
        self._checks: list[Check | Condition] = []
        self._properties: list[Property] = []
        self._reachable: dict[str, None] = {}
        self._conditions: dict[Wait, Condition] = {}
        self._watched: list[Property] = []
        self._samples: list[tuple[int, int, Property]] = []
        self._sampling_ns: float = inf
        self._own_events = 0
        self._ended_ns = 0
        world.kernel.on_seal.append(self._look_last)

    # Declaring.

    def add(self, *checks: Check | Condition) -> None:
        """Declare checks to be judged at the end. Raises `UsageError` for what is no check."""
        given: tuple[Any, ...] = checks
        for check in given:
            if not hasattr(check, "judge") and not callable(check):
                advice = "give a check such as linearizable(store), or a function"
                raise UsageError(f"cloud.check({check!r}): {advice}")
            self._checks.append(check)

    def declare(self, make: Callable[..., Property], *args: Any, every: float | None) -> None:
        """Look at a new property from now on, every so many seconds or after every event."""
        every_ns = None if every is None else to_ns(every)
        if every_ns is not None and every_ns <= 0:
            raise UsageError(f"every={every!r}: give seconds above 0, or leave it out")
        condition, *rest = args
        one = make(self, condition, every_ns, *rest)
        self._properties.append(one)
        if every_ns is None:
            self._rewatch()
        else:
            self._sample_at(self.clock.now_ns, one)

    def reachable(self, *names: str) -> None:
        """Declare places that node code shall reach in one run or another."""
        for name in names:
            if not isinstance(name, str) or not name:
                raise UsageError(f"cloud.reachable({name!r}): give names, as in self.reached(name)")
            self._reachable[name] = None

    # Looking.

    async def until(self, condition: Condition, timeout: float | None) -> None:
        """Wait until a condition holds, looked at after every event."""
        if holds(condition):
            return
        line = getattr(getattr(condition, "__code__", None), "co_firstlineno", "?")
        wait = Wait(self._kernel, lambda: f"the condition of until() at line {line}")
        self._conditions[wait] = condition
        self._rewatch()
        if timeout is not None:
            late = AssertionError(
                f"until(): the condition of line {line} did not hold in {timeout:g} s"
            )
            due_ns = self.clock.now_ns + to_ns(timeout)
            self._kernel.at(due_ns, lambda _: wait.throw(late), rank=RANK_LIMIT)
        try:
            await wait.park()
        finally:
            self._conditions.pop(wait, None)
            self._rewatch()

    def _rewatch(self) -> None:
        watched = [one for one in self._properties if one.open and one.every_ns is None]
        self._watched = watched
        if self._conditions or len(watched) > 1:
            self.clock.watch(self._look)
        else:
            self.clock.watch(watched[0].look if watched else None)

    def _look(self) -> None:
        for one in self._watched:
            if one.open:
                one.look()
        for wait, condition in list(self._conditions.items()):
            try:
                if holds(condition):
                    wait.wake()
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
                wait.throw(error)

    def _look_last(self) -> None:
        """What the last step of all did counts too."""
        self._conditions.clear()
        self._ended_ns = self.clock.now_ns
        for one in self._properties:
            try:
                if one.open:
                    one.look()
            except Exception as error:  # noqa: BLE001 - the run is over; `run` hands it on
                self.mistaken = self.mistaken or error

    def _sample_at(self, due_ns: int, one: Property) -> None:
        heappush(self._samples, (due_ns, self.clock.sequence(), one))
        if due_ns < self._sampling_ns:
            self._sampling_ns = due_ns
            self._own_events += 1
            self._kernel.at(due_ns, self._sample, due_ns, rank=RANK_LIMIT)

    def _sample(self, due_ns: int) -> None:
        self._own_events -= 1
        if due_ns != self._sampling_ns:
            return  # an earlier one was asked for since, and came before
        self._sampling_ns, samples = inf, self._samples
        looked = []
        while samples and samples[0][0] <= due_ns:
            one = heappop(samples)[2]
            if one.open:
                one.look()
                looked.append(one)
        # Where nothing else is to come, a sample would only hide a deadlock.
        state = self._kernel.state
        others = len(self.clock.heap) > self._own_events
        if others or state.runq or state.next_deadline() != inf:
            for one in looked:
                assert one.every_ns is not None
                self._sample_at(due_ns + one.every_ns, one)
            if samples and self._sampling_ns == inf:
                due_ns, _, one = heappop(samples)
                self._sample_at(due_ns, one)

    # What properties ask for.

    def closed(self, one: Property) -> None:
        """The property need not be looked at any more."""
        if one.broken is not None:
            self.broken.append(one)
            now_ns = self.clock.now_ns
            self._kernel.trace.observe((_CHECK, now_ns, one.name, "invalid", one.broken))
        if one.every_ns is None:
            self._rewatch()

    def deadline(self, one: Property, due_ns: int) -> None:
        """Call the property's `late` when the instant `due_ns` is over."""
        self._kernel.at(due_ns + 1, lambda _: one.late(), rank=_RANK_OVER)

    def unusable(self, where: str, error: UsageError) -> UsageError:
        """What to raise in place of an error by which a property can't be looked at."""
        for host in self._world.hosts.values():
            if not host.up and f"{host.name}.peek" in str(error):
                return UsageError(
                    f"{where}: {host.name} is down, so its node can't be looked into, and nobody "
                    f"can say whether the property holds. Ask first: not {host.name}.up or …"
                )
        return UsageError(f"{where}: {error}")

    # Judging.

    def judge(self, history: History, *, timeout: float) -> list[CheckResult]:
        """Judge everything that was declared; the run is over."""
        results = [one.result(self._ended_ns) for one in self._properties]
        for name, reached in self._reached().items():
            told = f"first at {reached:g} s" if reached is not None else "not in this run"
            results.append(CheckResult(name, Verdict.VALID, f"reachable: {told}", counts=False))
        return results + [judged(check, history, timeout) for check in self._checks]

    def sometimes(self) -> dict[str, bool]:
        """Whether each `sometimes` happened, and each place was reached, in the order declared."""
        seen: dict[str, bool] = {}
        for one in self._properties:
            if isinstance(one, Sometimes):
                seen[one.name] = seen.get(one.name, False) or one.happened
        for name, reached in self._reached().items():
            seen[name] = reached is not None
        return seen

    def _reached(self) -> dict[str, float | None]:
        reached = self._world.reached
        times = {name: seconds(ns) for name, ns in reached.items()}
        return {**dict.fromkeys(self._reachable), **times}
