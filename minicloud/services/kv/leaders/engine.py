"""Owns the client's end of a multi-leader store: it asks the leader of its own region, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.protocols.causality import Vector, join
from minicloud.protocols.clocks import PhysicalClock
from minicloud.protocols.conflicts import Siblings, conflicts_of
from minicloud.protocols.kv import Command, Done, Get, Put, Scan
from minicloud.protocols.quorums import needed
from minicloud.services.kv.client import Consistency, Demand, Unavailable, not_offered
from minicloud.services.kv.leaders.messages import Act
from minicloud.services.kv.ordered import Numbers

if TYPE_CHECKING:
    from minicloud.cloud import Client
    from minicloud.services.kv.leaders.spec import MultiLeader

__all__ = ["LeaderEngine"]

_READS = {
    Consistency.CAUSAL,
    Consistency.SESSION,
    Consistency.MONOTONIC_READS,
    Consistency.WRITES_FOLLOW_READS,
}
"""Levels for which what a session has read must be met first: by its reads, and by its writes."""
_WRITES = {
    Consistency.CAUSAL,
    Consistency.SESSION,
    Consistency.READ_YOUR_WRITES,
    Consistency.MONOTONIC_WRITES,
}
"""Levels for which what a session has written must be."""


class Asked(msgspec.Struct, frozen=True):
    """What one request comes to: within how many seconds, and what must have been met first."""

    timeout: float
    after: Vector


class LeaderEngine:
    """One client's requests."""

    def __init__(self, client: Client, leader: str, spec: MultiLeader) -> None:
        self._client = client
        self._leader = leader
        self._spec = spec
        self._numbers = Numbers(client)
        self._policy = conflicts_of(spec.conflicts, servers=True)
        incarnation = client.host.incarnation
        assert incarnation is not None
        self._stamps = PhysicalClock(incarnation.label) if spec.clock == "client" else None

    def plan(self, command: Command, demand: Demand) -> Asked:
        """What must be met first. Raises `UsageError` for what no leader can do alone."""
        self._check(command)
        for asked, what in ((demand.r, "r"), (demand.w, "w")):
            needed(1 if asked is None else asked, 1, what=f"kv.MultiLeader: {what}")
        level = self._spec.level if demand.level is None else demand.level
        if level not in self._spec.offers:
            words = [one.value for one in self._spec.offers]
            raise not_offered("MultiLeader", level, words)
        after: Vector = {}
        # Where the level is the store's, the session is the client's own.
        session = demand.session or getattr(self._client, "session", None)
        if session is not None:
            if level in _READS:
                after = join(after, session.reads)
            if level in _WRITES:
                after = join(after, session.writes)
        return Asked(self._spec.timeout if demand.timeout is None else demand.timeout, after)

    def _check(self, command: Command) -> None:
        if not isinstance(command, (Get, Scan, *self._policy.accepts)):
            kinds: tuple[type[Any], ...] = (Get, Scan, *self._policy.accepts)
            words = ", ".join(kind.__name__.lower() for kind in kinds)
            name = type(command).__name__.lower()
            raise UsageError(
                f"kv.MultiLeader(conflicts={self._spec.conflicts!r}) has no {name}: a leader "
                f"decides alone, and the others may decide otherwise. It has {words}"
            )
        if not isinstance(command, Get | Scan):
            self._policy.complain(command)
        if isinstance(command, Put) and (command.ttl_ns is not None or command.lease):
            raise UsageError("kv.MultiLeader: keys have no ttl and no lease: write delete(key)")

    async def perform(self, command: Command, plan: Asked) -> Done:
        """Ask the leader."""
        if isinstance(command, Get | Scan):
            return await self._read(command, plan)
        number = self._numbers.request(command)
        stamp = None
        if self._stamps is not None:
            stamp = self._stamps.next(round(self._client.clock.now() * 1_000_000_000))
        request = Act(command, plan.after, number.client, number.serial, number.closed, stamp)
        try:
            return await self._client.call(self._leader, request, timeout=plan.timeout)
        finally:
            self._numbers.end(number)

    async def _read(self, command: Get | Scan, plan: Asked) -> Done:
        try:
            done = await self._client.call(
                self._leader, Act(command, plan.after), timeout=plan.timeout
            )
        except OutcomeUnknown as error:
            # A read that nobody answered changed nothing.
            raise Unavailable(str(error)) from None
        if self._spec.conflicts != "siblings":
            return done
        form = Siblings if isinstance(command, Get) else list[tuple[str, Siblings]]
        value = msgspec.convert(done.value, form, builtin_types=(bytes,))
        return msgspec.structs.replace(done, value=value)
