"""Owns the lanes of a picture: who has one, what it is called, and in which order they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from minicloud.report.page.facts.operations import Op

__all__ = ["Lane", "Lanes"]


class Lane(msgspec.Struct):
    """A host, or a client that has none."""

    name: str
    kind: str
    """client or node."""
    zone: str
    service: str | None


class Lanes:
    """The lanes of a run, in the order of display: a service's clients, then its nodes."""

    def __init__(self, zones: Mapping[str, str], operations: Iterable[Op]) -> None:
        asked: dict[str, str | None] = {}
        for op in operations:
            asked[op.client] = asked.get(op.client) or op.service
        services = list(dict.fromkeys(s for s in asked.values() if s))
        lanes = [Lane(name, "node", zone, None) for name, zone in zones.items()]
        lanes += [Lane(name, "client", "", None) for name in asked if name not in zones]
        for lane in lanes:
            if lane.name in asked:
                lane.kind, lane.service = "client", asked[lane.name]
            else:
                lane.service = _service(lane.name, services)
        self.all = _ordered(lanes)
        self.rows = {lane.name: row for row, lane in enumerate(self.all)}
        self._hosts: dict[str, int] = {}

    def row(self, name: str) -> int:
        """The row of a host or client, -1 where there is none."""
        return self.rows.get(name, -1)

    def of_incarnation(self, label: str) -> int:
        """The row of the host of `r1.2`."""
        row = self._hosts.get(label)
        if row is None:
            row = self._hosts[label] = self.row(label.rpartition(".")[0])
        return row

    def of_address(self, address: str) -> int:
        """The row of the host of `r1` or `r1/service`, -1 where there is none."""
        return self.row(address.partition("/")[0])

    def matching(self, names: Sequence[str]) -> list[int]:
        """The rows of hosts that names and patterns mean; everybody is nobody in particular."""
        if "*" in names:
            return []
        rows = {self.rows[name]: None for name in names if name in self.rows}
        for pattern in (name for name in names if name not in self.rows):
            rows |= {r: None for n, r in self.rows.items() if fnmatchcase(n, pattern)}
        return sorted(rows)


def _service(name: str, services: Sequence[str]) -> str | None:
    """The service whose nodes are called like that: `box`, `majority-r1`."""
    fits = [s for s in services if name == s or name.startswith((f"{s}-", f"{s}/", f"{s}."))]
    return max(fits, key=len, default=None)


def _ordered(lanes: Sequence[Lane]) -> list[Lane]:
    groups: dict[str, list[Lane]] = {}
    for lane in lanes:
        groups.setdefault(lane.service or "", []).append(lane)
    ordered: list[Lane] = []
    for group in groups.values():
        ordered += [lane for lane in group if lane.kind == "client"]
        ordered += [lane for lane in group if lane.kind != "client"]
    return ordered
