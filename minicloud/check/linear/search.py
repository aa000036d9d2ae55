"""The search for one order of operations that a model allows; knows nothing of files, keys or
words.

It is the search of Wing and Gong ("Testing and verifying concurrent objects", JPDC 1993) as refined
by Lowe ("Testing for linearizability", CCPE 2017): walk along the history; when an operation
returns that has not taken effect yet, and only then (just in time), choose what takes effect before
it, and it last. A configuration is where the walk stands, the object's state, which open operations
have taken effect, and which operations of unknown outcome have. None is looked at twice.

What keeps configurations few:

* a pure operation (a read) takes effect as soon as the state allows it, since that never hurts;
* operations of unknown outcome that ask for the same are one offer with a count (`plan`);
* a configuration that has used up less of the unknown outcomes makes every other like it
  superfluous;
* what nobody will see is forgotten (`lens`).

The order of the search depends on the operations alone, so equal histories give equal answers; what
it may spend is counted in configurations, and the clock is only a backstop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicloud.check.linear.lens import UNREAD
from minicloud.check.linear.plan import Level, Plan, Problem

__all__ = ["KEPT", "Config", "Expired", "Search"]

Expired = Callable[[], bool]
# State, bits of open operations that have taken effect, counts of unknown outcomes that have.
Config = tuple[Any, int, int]
# The same, and the level before it.
Placed = tuple[int, Any, int, int]
# How many configurations are kept for each level; more than these explain nothing to anybody.
KEPT = 200
# How often the clock is read, in configurations.
GLANCE = 256


class Search:
    """A depth-first walk that can be continued. A configuration is (depth, state, done, spent).

    `valid` is None as long as it is undecided. `depth` is the deepest level that was reached: where
    there is no order, nobody gets past it. `entries[depth]` are the configurations in which a level
    was reached, or the first few of them.
    """

    def __init__(self, problem: Problem) -> None:
        self.plan = Plan(problem)
        self.lens = self.plan.lens
        self.step = self.lens.step
        self.valid: bool | None = None
        self.used = 0
        self.depth = 0
        self.entries: list[dict[Config, None]] = [
            dict.fromkeys((state, 0, 0) for state in problem.starts)
        ]
        self.seen: list[dict[Any, list[int]]] = [{}]
        self.stack: list[Placed] = [(0, state, 0, 0) for state in reversed(problem.starts)]

    def run(self, limit: int, expired: Expired) -> bool | None:
        """Look at no more than `limit` further configurations, until `expired()` says stop."""
        until, steps = self.used + limit, 0
        while self.stack:
            steps += 1
            if self.used >= until or (steps % GLANCE == 0 and expired()):
                return None
            depth, state, done, spent = self.stack.pop()
            depth, done = self.advance(depth, state, done, spent)
            if depth == len(self.plan):
                self.valid = True
                return True
            if not self.is_superfluous(depth, state, done, spent):
                self.used += 1
                self.branch(depth, state, done, spent)
        self.valid = False
        return False

    @property
    def deepest(self) -> Level:
        """The level that could not be passed, so far."""
        return self.plan[min(self.depth, len(self.plan) - 1)]

    def advance(self, depth: int, state: Any, done: int, spent: int) -> tuple[int, int]:
        """Walk on until an operation returns that has not taken effect."""
        step, plan = self.step, self.plan
        levels, total = plan.levels, len(plan)
        while depth < total:
            level = levels[depth] if depth < len(levels) else plan[depth]
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
            if depth > self.depth:
                self.depth = depth
                self.entries.append({})
                self.seen.append({})
            if len(self.entries[depth]) <= KEPT:
                self.entries[depth][state, done, spent] = None
        return depth, done

    def is_superfluous(self, depth: int, state: Any, done: int, spent: int) -> bool:
        """Whether one like it was seen that had spent no more; otherwise remember this one."""
        alike = self.seen[depth].setdefault((done, state), [])
        for less in alike:
            if less & spent == less:
                return True
        alike.append(spent)
        return False

    def branch(self, depth: int, state: Any, done: int, spent: int) -> None:
        """Push what may take effect next; what is pushed last is tried first.

        If the returning operation can take effect now, that is tried first, and unknown outcomes
        are left for later. If it cannot, what would allow it is tried first.
        """
        level = self.plan[depth]
        offers = self.offered(depth, state, done, spent)
        moves = self.moved(depth, state, done, spent)
        if self.step(state, level.op) is not None:
            self.stack += offers
            if level.reluctant and moves:
                moves.insert(0, moves.pop())
            self.stack += moves
            return
        for found in (moves, offers):
            self.stack += [config for config in found if self.step(config[1], level.op) is None]
        for found in (offers, moves):
            self.stack += [config for config in found if self.step(config[1], level.op) is not None]

    def offered(self, depth: int, state: Any, done: int, spent: int) -> list[Placed]:
        """The configurations after each sort of unknown outcome that is left and of any use."""
        level = self.plan[depth]
        fading = level.dying & ~done
        found = []
        for op, blind, shift, mask, limit in level.offers:
            one_more = ((spent >> shift) & mask) + 1
            if one_more >= limit:
                continue
            after = self.step(state, op)
            hidden = fading if blind else 0
            # An overwrite by the same value is of use as well: something else may hide behind it.
            if after is not None and after is not UNREAD and (hidden or after != state):
                found.append((depth, after, done | hidden, spent | one_more << shift))
        return found

    def moved(self, depth: int, state: Any, done: int, spent: int) -> list[Placed]:
        """The configurations after each open operation; the returning one, if possible, is last."""
        level = self.plan[depth]
        found = []
        for bit, op, blind in level.movers:
            if not done & bit:
                after = self.step(state, op)
                if after is not None:
                    hidden = level.dying if blind else 0
                    found.append((depth, after, done | bit | hidden, spent))
        return found
