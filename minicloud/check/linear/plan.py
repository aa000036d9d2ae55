"""What a search walks along: a history as levels, one for each return; knows nothing of searching.

An operation holds a bit only while it is open, so masks are as short as the history is concurrent.
Operations of unknown outcome that ask for the same are one offer with a count. Levels are built as
they are reached, so that a search that gives up early has not paid for the rest.
"""

from __future__ import annotations

from heapq import heappop, heappush
from operator import attrgetter
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.linear.lens import FOREVER
from minicloud.check.models import Model

__all__ = ["Level", "Plan", "Problem"]


class Problem(msgspec.Struct, frozen=True):
    """Operations that certainly happened, those that may have, and the states to begin from."""

    model: Model
    required: list[Operation]
    optional: list[Operation]
    starts: tuple[Any, ...]


Offer = tuple[Operation, bool, int, int, int]


class Level(msgspec.Struct, frozen=True, gc=False):
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


class _Open(msgspec.Struct, frozen=True, gc=False):
    """A required operation between its invocation and its return."""

    op: Operation
    end: int
    bit: int
    pure: bool
    blind: bool
    last_use: int


_by_end = attrgetter("end")


class Plan:
    """The levels of a history: walks along it once and keeps account of what is open."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        model = self.model = problem.model
        lens = model.lens(model.step, problem.required, problem.optional, problem.starts)
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
        self.levels: list[Level] = []
        self.coming = iter(self.events())

    def kind(self, op: Operation) -> Any:
        """What is interchangeable with it, once both have begun: neither returns."""
        if not self.model.by_value:
            # Of what one operation may have been, each way is a kind of its own.
            return (op.start, op.f, op.argument)
        return (op.f, op.argument, op.known, op.result if op.known else None)

    def unspent(self, spent: int) -> list[Operation]:
        """The operations of unknown outcome that have not taken effect, by a search's counts."""
        left: list[Operation] = []
        for kind, members in self.kinds.items():
            used = (spent >> self.shifts[kind]) & ((1 << len(members)) - 1)
            left += members[used.bit_count() :]
        return left

    def events(self) -> list[tuple[int, bool, Operation, Any, bool]]:
        """(position, whether it is a deadline, operation, kind, whether it returns), in order."""
        events: list[tuple[int, bool, Operation, Any, bool]] = []
        for op in self.required:
            events.append((self.begins(op), False, op, None, False))
            events.append((self.end(op), op.start in self.deadlines, op, None, True))
        for kind, members in self.kinds.items():
            events.extend((op.start, False, op, kind, False) for op in members)
        events.sort(key=lambda event: event[:2])
        return events

    def __getitem__(self, depth: int) -> Level:
        """The level of that depth; it and those before it are built when it is first asked for."""
        while depth >= len(self.levels):
            _, _, op, kind, returns = next(self.coming)
            if returns:
                self.levels.append(self.level(op))
                heappush(self.free, self.open.pop(op.start).bit)
            elif kind is None:
                self.begin(op)
            else:
                self.started[kind] = self.started.get(kind, 0) + 1
                self.offers_until = -1
        return self.levels[depth]

    def __len__(self) -> int:
        return len(self.required)

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
        self.open[op.start] = _Open(op, self.end(op), bit, self.model.pure(op), blind, last_use)

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
        movers.sort(key=_by_end, reverse=True)
        if now > self.offers_until:
            self.renew_offers(now)
        bit = self.open[op.start].bit
        moves = tuple((mover.bit, mover.op, mover.blind) for mover in movers)
        dying = sum(one for one, _ in fading) if fading else 0
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
