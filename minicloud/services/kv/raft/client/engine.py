"""Owns the client's end of a Raft store: which way a command goes, and how it is asked twice.

A command for the log goes out under a session, so that it may be asked again without being done
again (Ongaro's dissertation, 6.3). A read goes the cheapest way that keeps what was promised (6.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.kernel.clock import NS
from minicloud.protocols.kv import Changes, Command, Done, Get, ReadCommand, Scan, reads
from minicloud.services.kv.client import Bounded, Consistency, Demand, Unavailable
from minicloud.services.kv.raft.client.seeker import Seeker
from minicloud.services.kv.raft.messages import OpenSession, Propose, Query

if TYPE_CHECKING:
    from minicloud.cloud import Client
    from minicloud.services.kv.raft.spec import Raft

__all__ = ["Engine", "Way"]

_ALL = ("read_position", "write_position")
_OF_SESSIONS = {
    Consistency.SESSION: _ALL,
    Consistency.READ_YOUR_WRITES: ("write_position",),
    Consistency.MONOTONIC_READS: ("read_position",),
    Consistency.MONOTONIC_WRITES: (),
    Consistency.WRITES_FOLLOW_READS: (),
}
"""Which of a session's positions a read at a level must not be behind. Writes have one order, the
log's, and what a server shows is a beginning of it: the last two levels ask nothing of a read."""


class Way(msgspec.Struct, frozen=True):
    """How one command will be carried out: by a question, or where there is none through the log;
    asking whom; within how many seconds.
    """

    timeout: float
    query: Query | None = None
    whom: str = "leader"


class Engine:
    """One client's requests. `position` is the furthest state that any of them has met."""

    def __init__(self, client: Client, nodes: tuple[str, ...], spec: Raft) -> None:
        self._client, self._spec = client, spec
        pause = spec.election[0] / 8
        self._seeker = Seeker(client, nodes, patience=spec.patience_s, pause=pause)
        self._session = 0
        self._serial = 0
        self._flying: dict[int, None] = {}
        self._position = 0

    # How.

    def plan(self, command: Command, demand: Demand) -> Way:
        """The way. Raises `UsageError` for numbers of replicas, which are no choice here."""
        if demand.r is not None or demand.w is not None:
            raise UsageError("kv.Raft has no r and w: a majority decides. Give level= instead")
        timeout = self._spec.timeout if demand.timeout is None else demand.timeout
        if not isinstance(command, Get | Scan | Changes):
            return Way(timeout)
        level = self._spec.level if demand.level is None else demand.level
        if level is Consistency.LINEARIZABLE:
            return self._linearizable(command, timeout)
        nearby = "nearest" if self._spec.read_from == "nearest" else "any"
        if isinstance(level, Bounded):
            return Way(timeout, self._bounded(command, level), nearby)
        position = self._least(level, demand.session)
        return Way(timeout, Query(command, "local", position), nearby)

    def _linearizable(self, command: ReadCommand, timeout: float) -> Way:
        how = self._spec.reads
        if how != "log":
            return Way(timeout, Query(command, how), self._spec.read_from)
        # Who waits for changes does so at a server: the log waits for nobody.
        return Way(timeout, Query(command) if isinstance(command, Changes) else None)

    def _bounded(self, command: ReadCommand, level: Bounded) -> Query:
        """Seconds by what was vouched for that long ago, versions by entries that may be missing;
        what must keep both misses nothing.
        """
        if level.versions is None:
            return Query(command, "local", fresh=level.seconds)
        how: Literal["index", "lease"] = "lease" if self._spec.reads == "lease" else "index"
        return Query(command, how, behind=level.versions if level.seconds is None else 0)

    def _least(self, level: Consistency, session: Any) -> int:
        """The revision that a read must not be behind."""
        if level in {Consistency.CONSISTENT_PREFIX, Consistency.EVENTUAL}:
            return 0
        fields = _OF_SESSIONS.get(level, _ALL)
        known = [getattr(session, field) for field in fields] if session is not None else []
        if level not in _OF_SESSIONS or (fields and session is None):
            # What this client has met counts for its own order, and where no session was given.
            known.append(self._position)
        return max(known, default=0)

    # Doing it.

    async def perform(self, command: Command, plan: Way) -> Done:
        """Carry a command out. Raises `Unavailable` where it was not done, for certain;
        `OutcomeUnknown` where a write may have been, or may still be.
        """
        try:
            done = await self._perform(command, plan)
        except OutcomeUnknown as error:
            if reads(command):  # a read that nobody answered changed nothing
                raise Unavailable(str(error)) from None
            raise
        self._position = max(self._position, done.position or 0)
        return done

    async def _perform(self, command: Command, way: Way) -> Done:
        if way.query is not None:
            longer = getattr(command, "wait_ns", 0) / NS
            reply, _ = await self._seeker.ask(way.query, way.timeout, whom=way.whom, longer=longer)
        elif reads(command):
            reply, _ = await self._seeker.ask(Propose(command), way.timeout)
        else:
            return await self._write(command, way.timeout)
        return reply.done or Done()

    async def _write(self, command: Command, timeout: float) -> Done:
        deadline = self._client.clock.monotonic() + timeout
        session = self._session or await self._open(timeout)
        self._serial = serial = self._serial + 1
        self._flying[serial] = None
        request = Propose(command, session, serial, acknowledged=next(iter(self._flying)))
        try:
            left = deadline - self._client.clock.monotonic()
            reply, _ = await self._seeker.ask(request, left)
        finally:
            del self._flying[serial]
        if reply.done is None:
            self._session = 0
            raise OutcomeUnknown("the session expired before the answer came; it may have happened")
        return reply.done

    async def _open(self, timeout: float) -> int:
        """Have a session. Raises `Unavailable` where none is to be had: nothing was asked yet."""
        try:
            reply, _ = await self._seeker.ask(OpenSession(), timeout)
        except OutcomeUnknown as error:
            raise Unavailable(f"no session: {error}") from None
        self._session = (reply.done or Done(0)).value
        return self._session
