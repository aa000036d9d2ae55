"""Owns what was wrong and when: faults with the hosts they are about, and when machines stood."""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.net.faults.names import flat
from minicloud.report.causality.troubles import fault_fields, fault_words
from minicloud.report.page.facts.lanes import Lanes

__all__ = ["Fault", "Faults", "Gap"]

_AT_ONCE = ("clock-step", "disk-corrupt")
"""Kinds that are over as soon as they have come."""

_PARTIES = ("hosts", "source", "sources", "target", "targets", "bridge")


class Fault(msgspec.Struct):
    """A fault and its time in nanoseconds; `end_ns` is None where it lasted to the end."""

    name: str
    kind: str
    detail: str
    begin_ns: int
    hosts: list[int]
    groups: list[list[int]]
    begin_event: int
    end_ns: int | None = None
    end_event: int = 0


class Gap(msgspec.Struct):
    """A time in which a machine did nothing: `kind` is down or paused."""

    lane: int
    kind: str
    begin_ns: int
    reason: str
    end_ns: int | None = None


class Faults:
    """Faults and gaps as they came."""

    def __init__(self, lanes: Lanes) -> None:
        self.all: list[Fault] = []
        self.gaps: list[Gap] = []
        self._lanes = lanes
        self._open: dict[tuple[str, str], list[int]] = {}
        self._standing: dict[tuple[int, str], Gap] = {}

    def take(self, record: dict[str, Any], number: int) -> int:
        """Take a record of a fault's beginning or end; its row."""
        key = record["fault"], record["kind"]
        rows = self._open.setdefault(key, [])
        if record["phase"] != "begin" and rows:
            row = rows.pop()
            self._end(row, record["time"], number)
            return row
        row = len(self.all)
        fault = self._fault(record, number)
        self.all.append(fault)
        if fault.kind in _AT_ONCE:
            fault.end_ns = fault.begin_ns
        elif record["phase"] == "begin":
            rows.append(row)
        if fault.kind == "pause":
            for lane in fault.hosts:
                self._stand(Gap(lane, "paused", fault.begin_ns, fault.detail or "paused"))
        return row

    def _end(self, row: int, time_ns: int, number: int) -> None:
        fault = self.all[row]
        fault.end_ns, fault.end_event = time_ns, number
        if fault.kind == "pause":
            for lane in fault.hosts:
                self._go_on(lane, "paused", time_ns)

    def crash(self, lane: int, time_ns: int, reason: str) -> None:
        """A machine lost power, which ends its pauses."""
        name = self._lanes.all[lane].name
        for row in self._open.pop((name, "pause"), []):
            self.all[row].end_ns = time_ns
        self._go_on(lane, "paused", time_ns)
        self._stand(Gap(lane, "down", time_ns, reason))

    def boot(self, lane: int, time_ns: int) -> None:
        """A machine has power again."""
        self._go_on(lane, "down", time_ns)

    def _stand(self, gap: Gap) -> None:
        if (gap.lane, gap.kind) not in self._standing:
            self._standing[gap.lane, gap.kind] = gap
            self.gaps.append(gap)

    def _go_on(self, lane: int, kind: str, time_ns: int) -> None:
        gap = self._standing.pop((lane, kind), None)
        if gap is not None:
            gap.end_ns = time_ns

    def _fault(self, record: dict[str, Any], number: int) -> Fault:
        fields = fault_fields(record["detail"])
        groups = fields.get("groups") or [
            fields[side] for side in ("left", "right") if side in fields
        ]
        sides = [self._lanes.matching(flat(group)) for group in groups]
        named = [self._lanes.matching(flat(fields.get(field, ()))) for field in _PARTIES]
        own = self._lanes.row(record["fault"])
        hosts = {row: None for rows in [*named, *sides, [own]] for row in rows if row >= 0}
        return Fault(
            record["fault"],
            record["kind"],
            fault_words(record["detail"]),
            record["time"],
            sorted(hosts),
            sides,
            number,
        )
