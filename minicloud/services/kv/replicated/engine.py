"""Owns the client's end: which node to ask, and when to ask another; knows no replica.

A request keeps its number however often it is asked, and the replicas remember numbers in their
log: to ask again is safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from minicloud.errors import OutcomeUnknown, Refused, UsageError
from minicloud.protocols.kv import Changes, Command, Done, ReadCommand, Transact
from minicloud.protocols.kv.commands import EPOCH, revision_of
from minicloud.services.kv.client import Bounded, Consistency, Demand, Unavailable, not_offered
from minicloud.services.kv.ordered import Numbers
from minicloud.services.kv.replicated.messages import Answered, Elsewhere, Look, Order, Past

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = ["Seeking", "Way"]

_INSTANT = 1e-6
"""Seconds too few to ask anybody: below a nanosecond time would not pass."""
_READ, _WRITE = ("read_position",), ("write_position",)
_PAST: dict[Consistency, tuple[str, ...]] = {
    Consistency.SEQUENTIAL: _READ + _WRITE,
    Consistency.CAUSAL: _READ + _WRITE,
    Consistency.SESSION: _READ + _WRITE,
    Consistency.READ_YOUR_WRITES: _WRITE,
    Consistency.MONOTONIC_READS: _READ,
    # Of reads these ask nothing: writes have one order, and a replica holds a beginning of it.
    Consistency.MONOTONIC_WRITES: (),
    Consistency.WRITES_FOLLOW_READS: (),
}


class Way(msgspec.Struct, frozen=True):
    """How a command will be carried out: by whoever gives places (`first`), by whoever answers for
    all (`strong`), or by any node that knows enough.
    """

    limit: float
    look: Look | None = None
    past: Past = 0


class Seekable(Protocol):
    """What the client's end needs of a spec."""

    @property
    def timeout(self) -> float:
        """Seconds for a whole request."""
        ...

    @property
    def attempt(self) -> float:
        """Seconds for one node."""
        ...

    @property
    def level(self) -> Consistency | Bounded | None:
        """What reads are promised, where the call does not say."""
        ...

    @property
    def lossy(self) -> bool:
        """Whether a failover may take back what was acknowledged."""
        ...

    def offers(self) -> dict[str, tuple[Consistency | type[Bounded], ...]]:
        """The engine's name, and the levels that it gives."""
        ...


class Seeking:
    """Asks one node after the other, until one knows."""

    strong_at_last = False
    """Whether the last node answers for all, and not the first."""

    def __init__(self, client: Client, nodes: tuple[str, ...], spec: Seekable) -> None:
        self._client = client
        self._nodes = nodes
        self._spec = spec
        self._numbers = Numbers(client)
        self._hints: dict[bool, str] = {}
        self._turn = client.random.integer(len(nodes))
        self._position = 0
        """The newest position that any answer to this client had."""

    def plan(self, command: Command, demand: Demand) -> Way:
        """Which levels there are, says the spec."""
        if demand.r is not None or demand.w is not None:
            raise UsageError("r= and w= are for kv.Quorum: give level= to this store")
        level = self._spec.level if demand.level is None else demand.level
        self._offered(level)
        limit = self._spec.timeout if demand.timeout is None else demand.timeout
        past = self._past(level, demand)
        if not isinstance(command, ReadCommand):
            # What a session writes must follow all that it has seen, whatever it asks of reads.
            seen = self._past(Consistency.SESSION, demand) if demand.session else 0
            return Way(limit, None, self._with_compared(command, seen))
        if level is None or level is Consistency.LINEARIZABLE:
            return Way(limit, Look(command, strong=True, past=past), past)
        if isinstance(level, Bounded):
            return Way(limit, Look(command, age=level.seconds, versions=level.versions))
        return Way(limit, Look(command, past=past, dirty=level is Consistency.EVENTUAL), past)

    def _offered(self, level: Consistency | Bounded | None) -> None:
        ((name, levels),) = self._spec.offers().items()
        asked = type(level) if isinstance(level, Bounded) else level
        if level is not None and asked not in levels:
            words = [one.value if isinstance(one, Consistency) else "bounded" for one in levels]
            raise not_offered(name, level, words)

    def _past(self, level: Consistency | Bounded | None, demand: Demand) -> Past:
        if not isinstance(level, Consistency):
            return 0
        fields = _PAST.get(level, ())
        known = [getattr(demand.session, field) for field in fields] if demand.session else []
        if level is Consistency.SEQUENTIAL:
            known.append(self._position)
        if self._spec.lossy and demand.session:
            # The newest may be of a history that has lost an older one.
            read = demand.session.reads.values() if _READ[0] in fields else ()
            wrote = demand.session.writes.values() if _WRITE[0] in fields else ()
            seen = [one for one in (*known, *read, *wrote) if isinstance(one, int)]
            return tuple(sorted(dict.fromkeys(seen)))
        return max(known, default=0)

    def _with_compared(self, command: Command, seen: Past) -> Past:
        """A version that a transaction compares with has a number that another history has too."""
        if not self._spec.lossy or not isinstance(command, Transact):
            return seen
        known = (seen,) if isinstance(seen, int) else seen
        compared = [one.than for one in command.when if one.of == "revision" and one.than >= EPOCH]
        return tuple(sorted(dict.fromkeys([*known, *compared])))

    async def perform(self, command: Command, way: Way) -> Done:
        """Ask until somebody answers, or the time is over."""
        if isinstance(command, Transact):
            command = _in_revisions(command)
        if way.look is not None:
            try:
                done = await self._seek(way.look, way)
            except OutcomeUnknown as error:
                raise Unavailable(str(error)) from None
        else:
            named = self._numbers.request(command)
            order = Order(command, named.client, named.serial, named.closed, way.past)
            try:
                done = await self._seek(order, way)
            finally:
                self._numbers.end(named)
        if not isinstance(command, Changes):
            self._position = max(self._position, done.position or 0)
        return done

    async def _seek(self, request: Order | Look, way: Way) -> Done:
        """Raises `Unavailable` where it was certainly not done, `OutcomeUnknown` where it may."""
        client = self._client
        end = client.clock.monotonic() + way.limit
        maybe, why, tries = False, "nobody was asked", 0
        longer = getattr(request.command, "wait_ns", 0) / 1e9
        while (left := end - client.clock.monotonic()) > _INSTANT:
            node = self._whom(request, tries)
            tries += 1
            limit = min(left, self._spec.attempt + longer)
            try:
                said = await client.call(node, _numbered(request, tries), timeout=limit)
            except OutcomeUnknown:
                maybe, why = True, f"{node} did not answer"
                self._forget(node)
                await client.sleep(0.0)
                continue
            except Refused as error:
                why = str(error)
            else:
                if isinstance(said, Answered):
                    if isinstance(request, Order) or (request.strong and not self._spreads):
                        self._hints[self._at_end(request)] = node
                    return said.done
                why, maybe = said.why, maybe or said.maybe
                if said.lost:
                    break
                if self._heard(request, node, said):
                    continue
            await client.sleep(self._spec.attempt / 10 * (0.5 + client.random.random()))
        words = f"{client.name}: {type(request.command).__name__}: {why}"
        if maybe and isinstance(request, Order):
            raise OutcomeUnknown(f"{words}; it may have happened")
        raise Unavailable(words)

    @property
    def _spreads(self) -> bool:
        """Whether any node may answer for all."""
        return False

    def _at_end(self, request: Order | Look) -> bool:
        """Whether the last node is meant, and not the first."""
        return self.strong_at_last and isinstance(request, Look)

    def _whom(self, request: Order | Look, tries: int) -> str:
        """The node to ask."""
        if isinstance(request, Order) or request.strong:
            return self._hints.get(self._at_end(request)) or self._next()
        # Anybody may know enough; somebody who answers for all does.
        known = self._hints.get(self.strong_at_last)
        return known if known and tries and tries % len(self._nodes) == 0 else self._next()

    def _next(self) -> str:
        self._turn = (self._turn + 1) % len(self._nodes)
        return self._nodes[self._turn]

    def _forget(self, node: str) -> None:
        for end in [end for end, name in self._hints.items() if name == node]:
            del self._hints[end]

    def _heard(self, request: Order | Look, node: str, said: Elsewhere) -> bool:
        """Note where to ask instead. Says whether that is news."""
        near = isinstance(request, Look) and not request.strong
        end = self._at_end(request)
        if not said.hint:
            return False
        news = self._hints.get(end) != said.hint and said.hint != node
        self._hints[end] = said.hint
        return news or near


def _numbered(request: Order | Look, attempt: int) -> Order | Look:
    """The request as it is asked for that time."""
    if isinstance(request, Order):
        return msgspec.structs.replace(request, attempt=attempt)
    return request


def _in_revisions(command: Transact) -> Transact:
    """Replicas compare revisions; what a client knows may be a position."""
    when = [
        msgspec.structs.replace(one, than=revision_of(one.than)) if one.of == "revision" else one
        for one in command.when
    ]
    return msgspec.structs.replace(command, when=tuple(when))
