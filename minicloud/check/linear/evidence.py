"""The smallest window of operations that shows a violation; knows no words and no files.

Leaving an operation out of a history may make a good history bad (a read loses its write), so
nothing is ever just left out. Instead an operation is *relaxed*: what is known to have happened may
now happen at any time after it began, or never. A read that is relaxed is gone. Relaxing only ever
allows more orders; so if some operations, with everything else relaxed, still fit in no order, they
alone are to blame.

A window is a set of operations that fit in no order, whatever the rest of the history did; and
relaxing any one of them as well leaves an order possible, or at least none that the budget could
rule out. That is what "smallest" means here: nothing in it can be spared. There are two sorts:

* one that begins with the model's initial state and speaks for itself;
* one that begins in the middle, where the search knows every configuration that was possible. It is
  preceded by a witness of the state in which it begins, if there is one.

The first is preferred unless the second is much shorter. The producers of values that a window only
reads are added to it, so that it can be read (and judged) by itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.lens import FOREVER
from minicloud.check.linear.plan import Problem
from minicloud.check.linear.search import KEPT, Config, Expired, Search
from minicloud.check.models import Model

__all__ = ["Window", "shrink", "shrink_clash"]

# What shrinking may spend, in configurations: on all trials, and on one.
TOTAL = 100_000
TRIAL = 5_000
# How many of the latest state-changing operations are tried as an explanation of a state.
RECENT = (1, 6, 40)
# A window from the initial state may be this much larger and is still preferred.
PREFERENCE = 6
# How large a window may be that is tried without each of its operations.
FEW_ENOUGH = 12
# In how many states a window may begin; more of them explain nothing to anybody.
FEW = 3


class Window(msgspec.Struct, frozen=True):
    """Operations that fit in no order, in the order in which they began.

    `starts` are the states to begin from (empty: the model's initial one), as they were when
    `since` returned. Or a `witness`, the first to have returned, shows the state in which the
    others begin.
    """

    operations: tuple[Operation, ...]
    starts: tuple[Any, ...] = ()
    since: Operation | None = None
    witness: Operation | None = None


class _From(msgspec.Struct, frozen=True):
    """A beginning: a state, and what may still take effect, relaxed."""

    state: Any
    pool: list[Operation]


def _beginning(state: Any, pool: list[Operation]) -> _From:
    return _From(state, [msgspec.structs.replace(op, end=None) for op in pool])


class _Trials:
    """Asks, within a budget, whether some operations with all others relaxed fit in no order."""

    def __init__(self, model: Model, expired: Expired) -> None:
        self.model = model
        self.left = TOTAL
        self.expired = expired

    def fails(
        self, chosen: list[Operation], beginnings: list[_From], *, limit: int = TRIAL
    ) -> bool:
        """True only if it is certain that there is no order, from none of the beginnings."""
        kept = {op.start for op in chosen}
        for begin in beginnings:
            if self.left <= 0 or self.expired():
                return False
            relaxed = [op for op in begin.pool if op.start not in kept]
            problem = Problem(self.model, chosen, relaxed, (begin.state,))
            search = Search(problem)
            fits = search.run(min(limit, self.left), self.expired)
            self.left -= search.used + 10
            if fits is not False:
                return False
        return bool(chosen and beginnings)

    def least(self, candidates: list[Operation], beginnings: list[_From]) -> list[Operation]:
        """An irreducible part of `candidates` that still fails; what comes first is preferred.

        QuickXplain (Junker, AAAI 2004), which halves: a few operations are found among n in about
        log n trials each.
        """

        def explain(known: list[Operation], among: list[Operation]) -> list[Operation]:
            """What of `among` is needed, beside `known`, to fail."""
            return [] if self.fails(known, beginnings) else halve(known, among)

        def halve(known: list[Operation], among: list[Operation]) -> list[Operation]:
            """As `explain`, where `known` does not fail by itself."""
            if len(among) == 1:
                return among
            first, second = among[: len(among) // 2], among[len(among) // 2 :]
            part = explain(known + first, second)
            return (explain(known + part, first) if part else halve(known, first)) + part

        return halve([], candidates) if candidates else []


def shrink(found: Search, expired: Expired) -> Window:
    """Shrink a history that a search found to fit in no order."""
    return _Shrinker(found, expired).window()


def shrink_clash(problem: Problem, expired: Expired) -> Window:
    """Shrink the few operations of a clash; what others write is of no concern to these."""
    model, initial = problem.model, problem.starts[0]
    pool = [op for op in (*problem.optional, *problem.required) if not model.pure(op)]
    trials, beginnings = _Trials(model, expired), [_beginning(initial, pool)]
    least = trials.least(_by_blame(problem.required, model), beginnings)
    window = _with_producers(problem, Window(tuple(least)), pool)
    return _spare_more(problem, window, pool, trials, beginnings)


class _Shrinker:
    """Shrinks the shortest prefix of a history that fits in no order."""

    def __init__(self, found: Search, expired: Expired) -> None:
        self.problem = found.plan.problem
        self.model = self.problem.model
        self.found = found
        self.trials = _Trials(self.model, expired)

    def cut(self, cutoff: int) -> None:
        """Look at the prefix up to a position: what has not returned by then may happen or not."""
        self.cutoff = cutoff
        self.required = [op for op in self.problem.required if (op.end or 0) <= cutoff]
        self.movers = [
            op for op in self.problem.required if op.start < cutoff and not self.model.pure(op)
        ]
        self.pool = [op for op in self.problem.optional if op.start < cutoff] + self.movers
        self.initial = [_beginning(state, self.pool) for state in self.problem.starts]

    def window(self) -> Window:
        prefix = self.found.deepest.position
        # A search that gave up for what happens only later may need what comes later as well.
        cutoffs = [prefix, FOREVER] if self.found.lens.foresees else [prefix]
        for cutoff in cutoffs:
            self.cut(cutoff)
            depth = self.latest_beginning()
            if depth:
                return self.from_middle(depth)
        for cutoff in cutoffs:
            self.cut(cutoff)
            if cutoff == cutoffs[-1] or self.trials.fails(self.required, self.initial):
                break
        return self.whole(self.least_after(0))

    def from_middle(self, depth: int) -> Window:
        late = self.least_after(depth)
        enough = len(late) + PREFERENCE
        for recent in RECENT:
            operations = self.from_recent(late, recent)
            if operations and len(operations) <= enough:
                return self.whole(operations)
        window = self.with_witness(late, depth) or self.from_initial_state()
        if window is not None and len(window.operations) <= enough:
            return window
        return self.from_states(late, depth)

    def whole(self, operations: list[Operation]) -> Window:
        window = _with_producers(self.problem, Window(tuple(operations)), self.pool)
        return _spare_more(self.problem, window, self.pool, self.trials, self.initial)

    def boundary(self, depth: int) -> int:
        """The return before level `depth`."""
        return self.found.plan[depth - 1].position if depth else -1

    def inside(self, depth: int) -> list[Operation]:
        """Operations that certainly take effect after the return before level `depth`."""
        boundary = self.boundary(depth)
        done = 0
        for config in self.found.entries[depth]:
            done |= config[1]
        bits = self.bits(depth)
        later = [
            op
            for op in self.required
            if op.start > boundary or (op.start in bits and not bits[op.start] & done)
        ]
        return _by_blame(later, self.model)

    def bits(self, depth: int) -> dict[int, int]:
        """The bits, by their start, of operations that are open at a level."""
        level = self.found.plan[depth]
        open_now = [(bit, op) for bit, op, _ in level.movers]
        return {op.start: bit for bit, op in (*open_now, *level.fading, *level.pures)}

    def beginnings(self, depth: int) -> list[_From]:
        """All that was possible at the return before level `depth`; none where that is a lot."""
        if depth == 0:
            return self.initial
        configs = list(self.found.entries[depth])
        states = dict.fromkeys(state for state, _, _ in configs)
        if len(configs) > KEPT or len(states) > FEW:
            return []
        return [_beginning(config[0], self.pending(config, depth)) for config in configs]

    def pending(self, config: Config, depth: int) -> list[Operation]:
        """What may take effect after a configuration at a level: what was open or began later."""
        boundary, deadlines = self.boundary(depth), self.found.lens.deadlines
        bits = self.bits(depth)
        left = self.found.plan.unspent(config[2])
        due = [op for op in self.problem.optional if op.start in deadlines]
        for op in (*due, *self.movers):
            over = deadlines.get(op.start, op.end or 0) <= boundary
            if not over and not config[1] & bits.get(op.start, 0):
                left.append(op)
        return left

    def latest_beginning(self) -> int:
        """The latest level from which what comes after it fits in no order; 0 is the whole."""
        back = 0
        while back < self.found.depth:
            depth = self.found.depth - back
            beginnings = self.beginnings(depth)
            if beginnings and self.trials.fails(self.inside(depth), beginnings):
                return depth
            back += 1 + back // 8
        return 0

    def least_after(self, depth: int) -> list[Operation]:
        return self.trials.least(self.inside(depth), self.beginnings(depth))

    def from_initial_state(self) -> Window | None:
        """The window from the last instant when only the initial state was possible."""
        initial = {begin.state for begin in self.initial}
        for depth in range(self.found.depth, 0, -1):
            if all(config[0] in initial for config in self.found.entries[depth]):
                fails = self.trials.fails(self.inside(depth), self.beginnings(depth))
                return self.from_states(self.least_after(depth), depth) if fails else None
        return None

    def from_recent(self, late: list[Operation], count: int) -> list[Operation]:
        """The window with the changes of state before it, and the writers of what it reads."""
        first = min((op.start for op in late), default=0)
        movers = [op for op in self.movers if op.start < first and (op.end or 0) <= self.cutoff]
        seen = [value for op in late if (value := self.model.observed(op)) is not None]
        writers = [op for op in movers if self.model.produced(op) in seen]
        chosen = {op.start: op for op in (*late, *movers[-count:], *writers[-RECENT[-1] :])}
        candidates = _by_blame(list(chosen.values()), self.model)
        fails = self.trials.fails(candidates, self.initial)
        return self.trials.least(candidates, self.initial) if fails else []

    def states(self, depth: int) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(begin.state for begin in self.beginnings(depth)))

    def from_states(self, late: list[Operation], depth: int) -> Window:
        past = [op for op in self.required if (op.end or 0) <= self.boundary(depth)]
        since = max(past, key=lambda op: op.end or 0, default=None)
        return _in_order(Window(tuple(late), self.states(depth), since))

    def with_witness(self, late: list[Operation], depth: int) -> Window | None:
        """Who showed the state in which the window begins: its writer, or else a reader."""
        states = self.states(depth)
        first = min((op.start for op in late), default=0)
        past = [op for op in self.required if (op.end or 0) <= min(self.boundary(depth), first)]
        readers = [op for op in past if self.model.pure(op)]
        for shows, ops in ((self.model.produced, past), (self.model.observed, readers)):
            shown = [op for op in ops if shows(op) == states[0]]
            if shown and len(states) == 1:
                witness = max(shown, key=lambda op: op.end or 0)
                return _in_order(Window((witness, *late), (), None, witness))
        return None


def _in_order(window: Window) -> Window:
    operations = tuple(sorted(window.operations, key=lambda op: op.start))
    return msgspec.structs.replace(window, operations=operations)


def _by_blame(operations: list[Operation], model: Model) -> list[Operation]:
    """What to keep first: what returned last, then changes of state, the latest first."""
    last = max((op.end or 0 for op in operations), default=0)
    return sorted(operations, key=lambda op: (op.end != last, model.pure(op), -(op.end or 0)))


def _spare_more(
    problem: Problem,
    window: Window,
    pool: list[Operation],
    trials: _Trials,
    beginnings: list[_From],
) -> Window:
    """A smaller window within one from the initial state, now that producers are in it.

    What was needed while a value could have been written at any time may be spared beside its
    writer: a write, a later one, and a read of the first need no second read.
    """
    # What never returned is relaxed already, and there as a producer only.
    known = [op for op in window.operations if op.end is not None]
    for spared in reversed(known) if len(known) <= FEW_ENOUGH else ():
        rest = [op for op in known if op is not spared]
        if trials.fails(rest, beginnings):
            least = trials.least(_by_blame(rest, problem.model), beginnings)
            smaller = _with_producers(problem, Window(tuple(least)), pool)
            if len(smaller.operations) < len(window.operations):
                return _spare_more(problem, smaller, pool, trials, beginnings)
    return window


def _with_producers(problem: Problem, window: Window, pool: list[Operation]) -> Window:
    """Add the latest possible writer of each value that a window reads and does not write.

    Only to a window that fits in no order whatever the whole history did: it stays one.
    """
    model = problem.model
    chosen = {op.start: op for op in window.operations}
    for op in window.operations:
        value = model.observed(op)
        if (
            value is None
            or value in problem.starts
            or value in map(model.produced, chosen.values())
        ):
            continue
        writers = [
            other
            for other in pool
            if model.produced(other) == value and other.start < (op.end or 0)
        ]
        if writers:
            writer = max(writers, key=lambda writer: writer.start)
            chosen[writer.start] = writer
    return _in_order(msgspec.structs.replace(window, operations=tuple(chosen.values())))
