"""The checks of the session guarantees; knows no run and no service.

A session is what an operation was recorded with, or else its client. Of operations of a session
that overlap, neither comes first. Which version is newer is what the store said with each answer,
and its word is taken for it, once versions and values agree: one value for one version. Where it
said nothing, demands are convicted that together fit in no order at all, so that nothing is
convicted wrongly, and much is not seen.
"""

from __future__ import annotations

from typing import Any

from minicloud.check.seen import Asking, StoreCheck
from minicloud.check.seen.asking import Finding
from minicloud.check.sessions.demands import ALL, MR, MW, RYW, WFR, Demand, Guarantee, demands
from minicloud.check.sessions.tangles import tangle
from minicloud.check.verdict import Check, Judgement, Verdict

__all__ = [
    "monotonic_reads",
    "monotonic_writes",
    "read_your_writes",
    "session_guarantees",
    "writes_follow_reads",
]


def read_your_writes(store: Any = None) -> Check:
    """What a session has written and was told of, its later reads of that key see, or newer.

    store: a service's handle or name; None takes a history of one store.
    """
    return _Sessions(store, RYW.name, (RYW,))


def monotonic_reads(store: Any = None) -> Check:
    """What a session has read of a key, its later reads of that key see, or newer."""
    return _Sessions(store, MR.name, (MR,))


def monotonic_writes(store: Any = None) -> Check:
    """A session's writes take effect in the order in which it made them.

    On each key; on all keys together where versions are whole numbers that count all writes of the
    store. And one operation that reads several keys, if it sees a session's write, sees none older
    than what the session had written to them before. Writes of unknown outcome come after what
    was acknowledged; nothing need come after them.
    """
    return _Sessions(store, MW.name, (MW,))


def writes_follow_reads(store: Any = None) -> Check:
    """A session's write takes effect after what the session had read before: nobody overwrites what
    he has seen with something older. Keys as in `monotonic_writes`.
    """
    return _Sessions(store, WFR.name, (WFR,))


def session_guarantees(store: Any = None) -> Check:
    """All four, each by itself, and together where versions are not told."""
    return _Sessions(store, "session-guarantees", ALL)


class _Sessions(StoreCheck):
    def __init__(self, store: Any, name: str, kinds: tuple[Guarantee, ...]) -> None:
        self.name = name
        self.kinds = kinds
        super().__init__(store)

    def judged(self, asking: Asking) -> Judgement:
        count = 0
        for kind in self.kinds:
            for demand in demands(asking.view, kind):
                count += 1
                if _broken(demand):
                    return self.invalid(_told(asking, demand))
        untold = any(
            edition.number is None and not edition.first
            for editions in asking.view.editions.values()
            for edition in editions
        )
        if untold:
            editions, operations, more = tangle(asking.view, self.kinds)
            if editions:
                return self.invalid(_circle(asking, operations, len(editions), self.kinds))
            count += more
        if not count:
            return self.nothing(f"nothing in it could break {self.name}")
        sessions = len(dict.fromkeys(asking.view.session(op) for op in asking.view.operations))
        return Judgement(
            verdict=Verdict.VALID,
            why=f"{len(asking.view.operations):,} operations in {sessions:,} sessions: "
            f"each keeps {', '.join(kind.name for kind in self.kinds)}",
        )


def _broken(demand: Demand) -> bool:
    low, high = demand.low.edition, demand.high.edition
    assert low is not None
    assert high is not None
    return bool(high.rank < low.rank)  # type: ignore[operator]


def _told(asking: Asking, demand: Demand) -> Finding:
    low, high, between = demand.low, demand.high, demand.between
    operations = [low.op, high.op]
    if between is not None and between.edition is not None:
        operations += between.edition.makers
    words = asking.words(*operations)
    early = f"{words.had(low.op)}{words.version(low.edition)}, ok {words.at(low.op.end_ns)}"
    late = f"{words.did(high.op)}{words.version(high.edition)} {words.at(high.op.end_ns)}"
    if between is not None and between.edition is not None:
        maker = between.edition.makers[0]
        why = (
            f"{late}, and with it what {words.did(maker)} {words.at(maker.start_ns)}; but before "
            f"that {early}"
        )
    else:
        whose = "" if low.op.who == high.op.who else f", in session {asking.view.session(low.op)}"
        why = f"{late}, but before that {early}{whose}"
    return Finding(f"{why}: {demand.kind.says}", _needed(demand, operations), demand.high.key)


def _needed(demand: Demand, operations: list[Any]) -> tuple[Any, ...]:
    """The two operations, and who wrote what they read."""
    makers = [
        edition.makers[0]
        for edition in (demand.low.edition, demand.high.edition)
        if edition is not None and edition.makers
    ]
    return (*operations, *makers)


def _circle(
    asking: Asking, operations: list[Any], versions: int, kinds: tuple[Guarantee, ...]
) -> Finding:
    words = asking.words(*operations)
    names = ", ".join(kind.name for kind in kinds)
    return Finding(
        f"no order of {versions} versions keeps {names}: {words.listed(operations)}",
        tuple(operations),
        operations[0].key if operations else None,
    )
