"""What a session guarantee demands of versions: this one is no newer than that; judges none.

Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for Weakly Consistent
Replicated Data" (PDIS 1994), section 3, say which writes a server must have when it is asked. What
can be seen of that from outside is what Viotti and Vukolić, "Consistency in Non-Transactional
Distributed Storage Systems" (ACM Computing Surveys 2016), section 3.3, put as orders: a version
that a session wrote or read must not be newer than one that it reads or writes later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.seen import Access, Edition, View
from minicloud.check.values import ABSENT

__all__ = ["ALL", "MR", "MW", "RYW", "WFR", "Demand", "Guarantee", "demands"]


class Guarantee(msgspec.Struct, frozen=True):
    """From what a session did first (wrote or read) to what it did then (reads or writes)."""

    name: str
    wrote_first: bool
    writes_then: bool
    says: str
    """What is broken, in words, after the two operations."""


RYW = Guarantee("read-your-writes", True, False, "a session's reads see its own writes")
MR = Guarantee("monotonic-reads", False, False, "a session's reads do not go back")
MW = Guarantee("monotonic-writes", True, True, "a session's writes take effect in their order")
WFR = Guarantee(
    "writes-follow-reads", False, True, "a session's writes come after what it had read"
)
ALL = (RYW, MR, MW, WFR)


class Demand(msgspec.Struct, frozen=True, eq=False):
    """`low` must not be newer than `high`. Where a scan by somebody else saw `between`, a write of
    the session that had seen or made `low`, its view of the key must be `high` or older.
    """

    kind: Guarantee
    low: Access
    high: Access
    between: Access | None = None


def demands(view: View, kind: Guarantee) -> Iterator[Demand]:
    """The demands of a guarantee, each from the newest version that is known by its number.

    Of operations of a session that overlap, neither comes first. What never returned comes after
    others, and before none. A delete may have found nothing to delete, and then its version is
    that of an older one: it follows nothing on other keys.
    """
    newest: dict[Any, Access] = {}
    pasts: dict[int, dict[Any, Access]] = {}
    watched = kind.writes_then and any(len(found) > 1 for found in view.reads.values())
    for _, ends, op in view.moments():
        whose = view.session(op)
        if ends:
            first = view.writes if kind.wrote_first else view.reads
            for access in first[op.start]:
                _note(newest, (whose, _scope(view, kind, access.key)), access)
                if watched:
                    _note(newest, (whose, "by key", access.key), access)
            continue
        then = view.writes if kind.writes_then else view.reads
        for access in then[op.start]:
            low = newest.get((whose, _scope(view, kind, access.key)))
            if low is not None and _follows(low, access):
                yield Demand(kind, low, access)
        if watched and view.writes[op.start]:
            pasts[op.start] = {
                place[2]: access
                for place, access in newest.items()
                if len(place) == 3 and place[0] == whose
            }
    if watched:
        yield from _together(view, kind, pasts)


def _scope(view: View, kind: Guarantee, key: Any) -> Any:
    """Writes of one order are compared across keys; what is read says something of its key only."""
    return None if kind.writes_then and view.one_order else key


def _note(newest: dict[Any, Access], place: Any, access: Access) -> None:
    number = _rank(access)
    if number is not None and (place not in newest or _rank(newest[place]) < number):
        newest[place] = access


def _rank(access: Access) -> Any:
    return None if access.edition is None else access.edition.rank


def _follows(low: Access, high: Access) -> bool:
    return _rank(high) is not None and (high.key == low.key or high.value is not ABSENT)


def _together(view: View, kind: Guarantee, pasts: dict[int, dict[Any, Access]]) -> Iterator[Demand]:
    """One operation that reads several keys sees a write only with what the write came after."""
    for found in view.reads.values():
        by_key = {access.key: access for access in found if access.edition is not None}
        if len(by_key) < 2:
            continue
        for seen in by_key.values():
            maker = _only_maker(seen.edition)
            for key, low in pasts.get(maker.start, {}).items() if maker is not None else ():
                high = by_key.get(key)
                if high is not None and key != seen.key and _rank(high) is not None:
                    yield Demand(kind, low, high, seen)


def _only_maker(edition: Edition | None) -> Operation | None:
    return edition.makers[0] if edition is not None and len(edition.makers) == 1 else None
