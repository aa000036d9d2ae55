"""Sequential consistency: one order of all operations that every session's own order is part of.

Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs"
(IEEE Transactions on Computers, 1979). To decide it is NP-complete even where every read is matched
to its write (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997), so this is a
search with a budget; and it is not local, so all keys are searched as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.levels.causal import AT_MOST, patterns
from minicloud.check.levels.causality import Causality
from minicloud.check.levels.ordering import Ordering
from minicloud.check.levels.shrinking import fewer
from minicloud.check.seen import Asking, StoreCheck, View
from minicloud.check.seen.asking import Finding
from minicloud.check.verdict import Check, Judgement, Verdict

__all__ = ["sequential"]

PER_SECOND = 10_000
AT_MOST_CONFIGURATIONS = 300_000
# What one trial may spend, where the evidence is made smaller.
FEW = 500


def sequential(
    store: Any = None,
    *,
    budget: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Check:
    """The check that a history is sequentially consistent.

    budget: how many configurations the search may look at (default: in proportion to the timeout);
    beyond that the verdict is unknown. `clock` gives monotonic seconds of wall time.
    """
    return _Sequential(store, budget, clock)


class _Sequential(StoreCheck):
    name = "sequential"

    def __init__(self, store: Any, budget: int | None, clock: Callable[[], float]) -> None:
        super().__init__(store)
        self.budget = budget
        self.clock = clock

    def judged(self, asking: Asking) -> Judgement:
        view = asking.view
        completed = sum(op.known for op in view.operations)
        if not completed:
            return self.nothing(f"none of {len(view.operations)} operations completed")
        # What no causal memory and no convergent store can show, no single copy can.
        if len(view.operations) <= AT_MOST["memory"]:
            found = self.quick(asking)
            if found is not None:
                return self.invalid(found)
        budget = self.budget
        if budget is None:
            budget = min(AT_MOST_CONFIGURATIONS, int(asking.timeout * PER_SECOND))
        budget += len(view.operations)
        deadline = self.clock() + asking.timeout
        search = Ordering(view)
        fits = search.run(budget, lambda: self.clock() >= deadline)
        said = self.said(asking, search, fits=fits)
        return msgspec.structs.replace(said, configurations=search.used)

    def quick(self, asking: Asking) -> Finding | None:
        causes = Causality(asking.view)
        return next(patterns(asking, causes, "memory"), None)

    def said(self, asking: Asking, search: Ordering, *, fits: bool | None) -> Judgement:
        count = len(asking.view.operations)
        if fits is None:
            return Judgement(
                verdict=Verdict.UNKNOWN,
                why=f"no order was found and none ruled out after {search.used:,} configurations "
                f"of {count:,} operations. Give a larger budget=, or fewer operations",
            )
        if fits:
            return Judgement(
                verdict=Verdict.VALID,
                why=f"{count:,} operations fit in one order that keeps each session's own",
            )
        few = fewer(asking.view, _has_no_order)
        words = asking.words(*few)
        return self.invalid(
            Finding(
                "no one order explains every answer and keeps each session's own: "
                f"{words.listed(few)}",
                tuple(few),
            )
        )


def _has_no_order(view: View) -> bool:
    return Ordering(view).run(FEW + len(view.operations), lambda: False) is False
