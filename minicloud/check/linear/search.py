"""The search for one order of operations that a model allows; knows nothing of files, keys or
words.

It is the search of Wing and Gong ("Testing and verifying concurrent objects", JPDC 1993) as refined
by Lowe ("Testing for linearizability", CCPE 2017): walk along the history; when an operation
returns that has not taken effect yet, and only then (just in time), choose what takes effect before
it, and it last. A configuration is where the walk stands, the object's state, which open operations
have taken effect, and which operations of unknown outcome have. None is looked at twice.

What keeps configurations few:

* an operation holds a bit only while it is open, so masks are as short as the history is
  concurrent;
* a pure operation (a read) takes effect as soon as the state allows it, since that never hurts;
* operations of unknown outcome that ask for the same are one offer with a count;
* a configuration that has used up less of the unknown outcomes makes every other like it
  superfluous;
* what nobody will see is forgotten (`lens`).

The order of the search depends on the operations alone, so equal histories give equal answers; what
it may spend is counted in configurations, and the clock is only a backstop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.lens import FOREVER, UNREAD, Lens
from minicloud.check.models import Model

__all__ = ["KEPT", "Config", "Expired", "Found", "Level", "Problem", "solve"]

Expired = Callable[[], bool]
# State, bits of open operations that have taken effect, counts of unknown outcomes that have.
Config = tuple[Any, int, int]
# The same, and the level before it.
Placed = tuple[int, Any, int, int]
# How many configurations are kept for each level; more than these explain nothing to anybody.
KEPT = 200
# How often the clock is read, in configurations.
GLANCE = 256


class Problem(msgspec.Struct, frozen=True):
    """Operations that certainly happened, those that may have, and the states to begin from."""

    model: Model
    required: list[Operation]
    optional: list[Operation]
    starts: tuple[Any, ...]


Offer = tuple[Operation, bool, int, int, int]


class Level(msgspec.Struct, frozen=True):
    """One return of an operation, and what is open when it happens.

    `pures` and `movers` are (bit, operation, blind) of open operations that leave the state alone
    or do not, `dying` the bits of open overwrites that nobody will see, `offers` (operation, blind,
    shift, mask, limit) of unknown outcomes: how many of them are used is a field of the
    configuration's `spent`.
    """

    op: Operation
    position: int
    bit: int
    pures: tuple[tuple[int, Operation], ...]
    movers: tuple[tuple[int, Operation, bool], ...]
    fading: tuple[tuple[int, Operation], ...]
    dying: int
    offers: tuple[Offer, ...]
    reluctant: bool


class Found(msgspec.Struct):
    """What a search came to.

    `valid` is None where it gave up. `depth` is the level that nobody got past (or, giving up, the
    deepest that was seen). `entries[depth]` are the configurations in which a level was reached, or
    the first few of them. `kinds` are the unknown outcomes with the place of their count in
    `spent`.
    """

    valid: bool | None
    configurations: int
    depth: int
    levels: list[Level]
    entries: list[dict[Config, None]]
    kinds: list[tuple[int, list[Operation]]]
    lens: Lens

    def unspent(self, config: Config) -> list[Operation]:
        """The operations of unknown outcome that have not taken effect in that configuration."""
        left: list[Operation] = []
        for shift, members in self.kinds:
            used = (config[2] >> shift) & ((1 << len(members)) - 1)
            left += members[used.bit_count() :]
        return left


def solve(problem: Problem, *, limit: int, expired: Expired) -> Found:
    """Search for an order, spending at most `limit` configurations, until `expired()` says stop."""
    model = problem.model
    lens = model.lens(model.step, problem.required, problem.optional, problem.starts)
    plan = _Plan(problem, lens)
    levels = plan.levels()
    search = _Search(levels, lens)
    valid = search.run(problem.starts, limit, expired)
    depth = min(search.depth, max(len(levels) - 1, 0))
    return Found(valid, search.used, depth, levels, search.entries, plan.spent_fields(), lens)


class _Open(msgspec.Struct, frozen=True):
    """A required operation between its invocation and its return."""

    op: Operation
    bit: int
    pure: bool
    blind: bool
    last_use: int


class _Plan:
    """Builds the levels: walks along the history once and keeps account of what is open."""

    def __init__(self, problem: Problem, lens: Lens) -> None:
        self.model = problem.model
        self.lens = lens
        self.deadlines = lens.deadlines
        due = [op for op in problem.optional if op.start in lens.deadlines]
        self.required = problem.required + due
        self.open: dict[int, _Open] = {}
        self.free: list[int] = []
        self.width = 0
        self.kinds: dict[Any, list[Operation]] = {}
        self.shifts: dict[Any, int] = {}
        self.started: dict[Any, int] = {}
        self.offers: tuple[Offer, ...] = ()
        self.offers_until = -1
        optional = [op for op in problem.optional if op.start not in lens.deadlines]
        optional = [op for op in optional if lens.last_use(op) > op.start]
        for op in optional:
            self.kinds.setdefault(self.kind(op), []).append(op)
        shift = 0
        for kind, members in self.kinds.items():
            self.shifts[kind] = shift
            shift += len(members)

    def kind(self, op: Operation) -> Any:
        """What is interchangeable with it, once both have begun: neither returns."""
        if not self.model.by_value:
            return op.start
        return (op.f, op.argument, op.known, op.result if op.known else None)

    def spent_fields(self) -> list[tuple[int, list[Operation]]]:
        return [(self.shifts[kind], members) for kind, members in self.kinds.items()]

    def levels(self) -> list[Level]:
        # (position, whether it is a deadline, operation, kind, whether it returns)
        events: list[tuple[int, bool, Operation, Any, bool]] = []
        for op in self.required:
            events.append((self.begins(op), False, op, None, False))
            events.append((self.end(op), op.start in self.deadlines, op, None, True))
        for kind, members in self.kinds.items():
            events.extend((op.start, False, op, kind, False) for op in members)
        events.sort(key=lambda event: event[:2])
        levels: list[Level] = []
        for _, _, op, kind, returns in events:
            if returns:
                levels.append(self.level(op))
                heappush(self.free, self.open.pop(op.start).bit)
            elif kind is None:
                self.begin(op)
            else:
                self.started[kind] = self.started.get(kind, 0) + 1
                self.offers_until = -1
        return levels

    def begins(self, op: Operation) -> int:
        """From when on a required operation can take effect."""
        earliest = self.lens.earliest.get(op.start, op.start)
        return earliest if earliest < self.end(op) else op.start

    def end(self, op: Operation) -> int:
        """When a required operation must have taken effect: at its return, or by its deadline."""
        return self.deadlines.get(op.start, op.end or 0)

    def begin(self, op: Operation) -> None:
        if self.free:
            bit = heappop(self.free)
        else:
            bit = 1 << self.width
            self.width += 1
        blind = self.lens.blind(op)
        last_use = self.lens.last_use(op) if self.lens.fades(op) else FOREVER
        self.open[op.start] = _Open(op, bit, self.model.pure(op), blind, last_use)

    def level(self, op: Operation) -> Level:
        now = self.end(op)
        pures: list[tuple[int, Operation]] = []
        movers: list[_Open] = []
        fading: list[tuple[int, Operation]] = []
        for other in self.open.values():
            if other.pure:
                pures.append((other.bit, other.op))
            elif other.last_use < now and other.op is not op:
                fading.append((other.bit, other.op))
            else:
                movers.append(other)
        # The last is tried first: the returning operation itself, and before it what returns
        # soonest.
        movers.sort(key=lambda mover: -self.end(mover.op))
        if now > self.offers_until:
            self.renew_offers(now)
        bit = self.open[op.start].bit
        moves = tuple((mover.bit, mover.op, mover.blind) for mover in movers)
        dying = sum(one for one, _ in fading)
        return Level(
            op,
            now,
            bit,
            tuple(pures),
            moves,
            tuple(fading),
            dying,
            self.offers,
            self.lens.reluctant(op),
        )

    def renew_offers(self, now: int) -> None:
        """What never returns is on offer until nobody can see its effect any more."""
        offers: list[Offer] = []
        self.offers_until = FOREVER
        for kind, count in list(self.started.items()):
            op = self.kinds[kind][0]
            last_use = self.lens.last_use(op)
            if last_use < now:
                continue
            self.offers_until = min(self.offers_until, last_use)
            mask = (1 << len(self.kinds[kind])) - 1
            offers.append((op, self.lens.blind(op), self.shifts[kind], mask, 1 << count))
        self.offers = tuple(offers)


class _Search:
    """A depth-first walk. A configuration is (depth, state, done, spent)."""

    def __init__(self, levels: list[Level], lens: Lens) -> None:
        self.levels = levels
        self.step = lens.step
        self.used = 0
        self.depth = 0
        self.entries: list[dict[Config, None]] = [{} for _ in range(len(levels) + 1)]
        self.seen: list[dict[Any, list[int]]] = [{} for _ in levels]

    def run(self, starts: Sequence[Any], limit: int, expired: Expired) -> bool | None:
        self.entries[0] = dict.fromkeys((state, 0, 0) for state in starts)
        stack = [(0, state, 0, 0) for state in reversed(starts)]
        while stack:
            depth, state, done, spent = stack.pop()
            depth, done = self.advance(depth, state, done, spent)
            if depth == len(self.levels):
                return True
            if self.is_superfluous(depth, state, done, spent):
                continue
            if self.used >= limit or (self.used % GLANCE == 0 and expired()):
                return None
            self.used += 1
            self.branch(stack, depth, state, done, spent)
        return False

    def advance(self, depth: int, state: Any, done: int, spent: int) -> tuple[int, int]:
        """Walk on until an operation returns that has not taken effect."""
        step, levels = self.step, self.levels
        while depth < len(levels):
            level = levels[depth]
            for bit, op in level.pures:
                if not done & bit and step(state, op) is not None:
                    done |= bit
            for bit, op in level.fading:
                if not done & bit and step(state, op) == state:
                    done |= bit
            if not done & level.bit:
                break
            done ^= level.bit
            depth += 1
            if len(self.entries[depth]) <= KEPT:
                self.entries[depth][state, done, spent] = None
        self.depth = max(self.depth, depth)
        return depth, done

    def is_superfluous(self, depth: int, state: Any, done: int, spent: int) -> bool:
        """Whether one like it was seen that had spent no more; otherwise remember this one."""
        alike = self.seen[depth].setdefault((done, state), [])
        for less in alike:
            if less & spent == less:
                return True
        alike.append(spent)
        return False

    def branch(self, stack: list[Placed], depth: int, state: Any, done: int, spent: int) -> None:
        """Push what may take effect next; what is pushed last is tried first.

        If the returning operation can take effect now, that is tried first, and unknown outcomes
        are left for later. If it cannot, what would allow it is tried first.
        """
        level = self.levels[depth]
        offers = self.offered(depth, state, done, spent)
        moves = self.moved(depth, state, done, spent)
        if self.step(state, level.op) is not None:
            stack += offers
            if level.reluctant and moves:
                moves.insert(0, moves.pop())
            stack += moves
            return
        for found in (moves, offers):
            stack += [config for config in found if self.step(config[1], level.op) is None]
        for found in (offers, moves):
            stack += [config for config in found if self.step(config[1], level.op) is not None]

    def offered(self, depth: int, state: Any, done: int, spent: int) -> list[Placed]:
        """The configurations after each sort of unknown outcome that is left and of any use."""
        level = self.levels[depth]
        found = []
        for op, blind, shift, mask, limit in level.offers:
            one_more = ((spent >> shift) & mask) + 1
            if one_more < limit:
                after = self.step(state, op)
                if after is not None and after is not UNREAD and after != state:
                    hidden = level.dying if blind else 0
                    found.append((depth, after, done | hidden, spent | one_more << shift))
        return found

    def moved(self, depth: int, state: Any, done: int, spent: int) -> list[Placed]:
        """The configurations after each open operation; the returning one, if possible, is last."""
        level = self.levels[depth]
        found = []
        for bit, op, blind in level.movers:
            if not done & bit:
                after = self.step(state, op)
                if after is not None:
                    hidden = level.dying if blind else 0
                    found.append((depth, after, done | bit | hidden, spent))
        return found
