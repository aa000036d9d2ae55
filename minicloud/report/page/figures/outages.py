"""Owns when a service was not there: from the first operation that did not succeed to the next ok.

A service is unavailable while nobody's operation on it succeeds, though more than one client tried,
and for one client while none of his do; where that is much longer than what lies between two oks
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from minicloud.report.page.facts import Facts, Op
from minicloud.report.page.facts.operations import FAIL, OK, UNKNOWN

__all__ = ["Outage", "availability", "outages_of"]

_ANSWERS = ("cas",)
"""What a service that is well may refuse."""

_LONGER = 4
"""How many times longer than usual it is without an ok before that is called an outage."""

_MOST = 60


class Outage(msgspec.Struct, kw_only=True):
    """A time without an ok. `client` is None where nobody had one, else only he had none.

    `after` names the fault that it followed; `healed_ns` is the time since that fault's end.
    """

    service: str
    client: str | None
    begin_ns: int
    end_ns: int | None
    unknown: int
    refused: int
    after: str | None = None
    healed_ns: int | None = None
    end_event: int = 0

    @property
    def why(self) -> str:
        """In a sentence."""
        counts = (self.unknown, "unknown"), (self.refused, "refused")
        told = ", ".join(f"{count} {word}" for count, word in counts if count)
        text = f"{self.client or 'nobody'} had {'no' if self.client else 'an'} ok: {told}"
        if self.after is None:
            return text
        if not self.healed_ns:
            return f"{text}; {self.after} was in force"
        return f"{text}; the last {self.healed_ns / 1e9:.3g} s after {self.after} was over"


def availability(buckets: Sequence[Sequence[Op]]) -> list[float | None]:
    """The part of each bucket's operations that were ok; None for a bucket without any."""
    return [
        round(sum(op.outcome == OK for op in bucket) / len(bucket), 4) if bucket else None
        for bucket in buckets
    ]


def outages_of(facts: Facts) -> list[Outage]:
    """The outages of every service, by time; those of one client where others were served."""
    services: dict[str, list[Op]] = {}
    for op in facts.operations:
        services.setdefault(op.service or "", []).append(op)
    found = [one for name, operations in services.items() for one in _of(facts, name, operations)]
    found.sort(key=lambda outage: outage.begin_ns - (outage.end_ns or facts.end_ns))
    troubles = _troubles(facts)
    for outage in found[:_MOST]:
        _blame(outage, troubles)
    return sorted(found[:_MOST], key=lambda o: (o.begin_ns, o.service, o.client or ""))


def _of(facts: Facts, service: str, operations: list[Op]) -> Iterator[Outage]:
    clients: dict[str, list[Op]] = {}
    for op in operations:
        clients.setdefault(op.client, []).append(op)
    whole = list(_windows(service, None, operations, min(2, len(clients)), facts.end_ns))
    yield from whole
    down = {gap.lane: gap for gap in facts.faults.gaps if gap.kind == "down"}
    for client, own in clients.items() if len(clients) > 1 else ():
        dead = down.get(facts.lanes.row(client))
        for one in _windows(service, client, own, 1, facts.end_ns):
            # Who has no power himself can't say that a service is gone.
            alive = dead is None or (one.end_ns is not None and one.end_ns <= dead.begin_ns)
            if alive and not any(_covers(every, one) for every in whole):
                yield one


def _covers(whole: Outage, part: Outage) -> bool:
    """Whether half of a client's outage, or more, is everybody's."""
    begin_ns = max(whole.begin_ns, part.begin_ns)
    if part.end_ns is None:
        return whole.end_ns is None
    end_ns = part.end_ns if whole.end_ns is None else min(whole.end_ns, part.end_ns)
    return 2 * (end_ns - begin_ns) >= part.end_ns - part.begin_ns


def _windows(
    service: str, client: str | None, operations: Sequence[Op], least: int, end_ns: int
) -> Iterator[Outage]:
    """From each operation that was not answered to the next ok, where that is a long time.

    least: how many clients must have missed an answer. end_ns: the end of the run.
    """
    ends = sorted((o.end_ns, o.end_event) for o in operations if _answered(o) and o.end_ns)
    gaps = sorted(b[0] - a[0] for a, b in pairwise(ends))
    usual_ns = gaps[len(gaps) // 2] if gaps else 0

    def long(missed: Sequence[Op], until_ns: int) -> bool:
        many = len({op.client for op in missed}) >= least
        return many and until_ns - missed[0].start_ns > _LONGER * usual_ns

    place, missed = 0, list[Op]()
    for op in (op for op in operations if not _answered(op)):
        while place < len(ends) and ends[place][0] <= op.start_ns:
            if missed and long(missed, ends[place][0]):
                yield _outage(service, client, missed, ends[place])
            missed = []
            place += 1
        missed.append(op)
    end = ends[place] if place < len(ends) else None
    # Without another ok it lasted as long as somebody waited.
    waited_ns = max((end_ns if op.end_ns is None else op.end_ns for op in missed), default=0)
    if missed and long(missed, waited_ns if end is None else end[0]):
        yield _outage(service, client, missed, end)


def _answered(op: Op) -> bool:
    return op.outcome == OK or (op.outcome == FAIL and op.f in _ANSWERS)


def _outage(
    service: str, client: str | None, missed: Sequence[Op], end: tuple[int, int] | None
) -> Outage:
    unknown = sum(op.outcome == UNKNOWN for op in missed)
    return Outage(
        service=service,
        client=client,
        begin_ns=missed[0].start_ns,
        end_ns=None if end is None else end[0],
        unknown=unknown,
        refused=len(missed) - unknown,
        end_event=0 if end is None else end[1],
    )


class _Trouble(msgspec.Struct):
    name: str
    begin_ns: int
    end_ns: int | None


def _troubles(facts: Facts) -> list[_Trouble]:
    """Faults, and times without power, as they came."""
    found = []
    for fault in facts.faults.all:
        own = fault.name.startswith(fault.kind)
        name = fault.name if own else f"{fault.kind} of {fault.name}"
        found.append(_Trouble(name, fault.begin_ns, fault.end_ns))
    for gap in facts.faults.gaps:
        if gap.kind == "down":
            name = f"crash of {facts.lanes.all[gap.lane].name}"
            found.append(_Trouble(name, gap.begin_ns, gap.end_ns))
    return sorted(found, key=lambda trouble: trouble.begin_ns)


def _blame(outage: Outage, troubles: Sequence[_Trouble]) -> None:
    """Name the latest trouble that was there when it began, or else the first that came in it."""
    begin_ns, end_ns = outage.begin_ns, outage.end_ns
    there = [t for t in troubles if t.begin_ns <= begin_ns and _later(t.end_ns, begin_ns)]
    came = [t for t in troubles if t.begin_ns > begin_ns and _later(end_ns, t.begin_ns)]
    for trouble in (*there[-1:], *came[:1]):
        outage.after = trouble.name
        if trouble.end_ns is not None and end_ns is not None and trouble.end_ns <= end_ns:
            outage.healed_ns = end_ns - trouble.end_ns
        return


def _later(end_ns: int | None, time_ns: int) -> bool:
    return end_ns is None or end_ns > time_ns
