"""Owns the client's end of a quorum store: what it makes of what the replicas answer.

The client itself coordinates. So whoever counts the acknowledgements also knows what they mean: a
write whose first phase failed has definitely not happened, one whose second phase failed may have.
And a message that comes twice does no harm, for its version was chosen before it was sent.

With `ask_first` and `write_back`, and quorums that overlap, this is the multi-writer form (Lynch
and Shvartsman, "Robust emulation of shared memory using dynamic quorum-acknowledged broadcasts",
FTCS 1997) of the register of Attiya, Bar-Noy and Dolev ("Sharing memory robustly in message-passing
systems", JACM 1995): linearizable whatever crashes, available to whoever reaches a quorum.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from minicloud.errors import QuorumFailed
from minicloud.protocols.clocks import clock
from minicloud.protocols.conflicts import Author, conflicts_of, write_alone
from minicloud.protocols.kv import Add, Command, Delete, Done, Get, Put, WriteCommand
from minicloud.protocols.versions import NOTHING, Held, Version
from minicloud.services.kv.client import Demand, Unavailable
from minicloud.services.kv.quorum.coordinator.rounds import Round, Rounds, shortfall
from minicloud.services.kv.quorum.coordinator.whom import Whom
from minicloud.services.kv.quorum.messages import Ask, Fetch, Repair
from minicloud.services.kv.quorum.planning import complain, rules_of
from minicloud.services.kv.quorum.rules import Rules

if TYPE_CHECKING:
    from minicloud.cloud import Client
    from minicloud.services.kv.quorum.spec import Quorum

__all__ = ["Coordinator"]

_AGAIN = 0.02
"""Seconds after which a read asks again that found less than its session has seen."""


class Coordinator:
    """One client's reads and writes."""

    def __init__(self, client: Client, nodes: tuple[str, ...], spec: Quorum) -> None:
        self._client = client
        self._spec = spec
        self._whom = Whom(
            nodes, spec.zones_of(len(nodes)), spec.copies, client.host.zone, client.clock.monotonic
        )
        self._rounds = Rounds(client, self._whom, patience=spec.patience, hints=spec.keeps_hints)
        self._policy = conflicts_of(spec.conflicts, servers=False)
        self._merge = self._policy.merge
        self._last_writer = spec.conflicts == "lww"
        name = _author_of(client)
        kind = {"client": "physical", "coordinator": "logical"}.get(spec.clock, spec.clock)
        # A logical clock is asked often, and time is nothing to it.
        now_ns = _no_time if kind == "logical" else self._now_ns
        self._author = Author(name, clock(kind, name), now_ns)
        self._demand: Demand | None = None
        self._rules: Rules

    def _now_ns(self) -> int:
        return round(self._client.clock.now() * 1e9)

    def plan(self, command: Command, demand: Demand) -> Rules:
        """By which rules a demand is met; most ask for what the one before them did."""
        complain(self._spec, command, self._policy.accepts)
        if not isinstance(command, Get):
            self._policy.complain(command)
        if demand != self._demand or isinstance(demand.r, bool) or isinstance(demand.w, bool):
            rules = rules_of(self._spec, demand)
            for what, local in (("r", rules.local_r), ("w", rules.local_w)):
                if local:
                    self._whom.near(what)
            self._rules, self._demand = rules, demand
        return self._rules

    async def perform(self, command: Command, rules: Rules) -> Done:
        """Read or write, in two phases."""
        if isinstance(command, Get):
            held = await self._read(command.key, rules)
            if self._last_writer:
                return Done(held.value, _plain(held.version))
            return Done(self._policy.value(held))
        if self._last_writer and isinstance(command, Put | Delete):
            return Done(None, _plain(await self._write(command, rules)))
        return await self._join(command, rules)  # type: ignore[arg-type]

    # Reads.

    async def _read(self, key: str, rules: Rules) -> Held:
        request, best = self._rounds.begin(key, rules), NOTHING
        tells = rules.read_repair is not None

        def late(name: str, held: Held) -> None:
            if self._merge(held, best) is not held and name in request.replicas:
                self._client.send(name, Repair(key, best.version, best.value, best.ends_ns))

        replies = await self._rounds.ask(request, Fetch(key), late if tells else None)
        best = self._newest(replies)
        if rules.sees:
            best = await self._catch_up(request, best)
        if self._last_writer:
            self._author.hear(best.version)
        # the rule: what one reader has seen, no later reader may miss
        if rules.write_back:
            await self._spread(request, best, replies, rules.quorums.w)
        elif rules.read_repair == "blocking":
            await self._spread(request, best, replies, rules.quorums.r)
        elif tells:
            for name, held in replies.items():
                late(name, held)
        return best

    async def _spread(
        self, request: Round, best: Held, replies: dict[str, Held], need: int
    ) -> None:
        """Make sure that so many replicas hold what was found, before anybody is told."""
        agreed = [name for name, held in replies.items() if held.version == best.version]
        if len(agreed) >= need or best.version == NOTHING.version:
            return  # enough of them have said that they hold it, or there is nothing to hold
        others = [name for name in request.replicas if name not in agreed]
        await self._rounds.tell(request, others, best, need - len(agreed), self._hear)

    async def _catch_up(self, request: Round, best: Held) -> Held:
        """Ask again, and more of them, until what is found is not older than what was seen."""
        floor = _floor(request.rules.session, request.key, request.rules.sees)
        everybody = self._whom.order(request.key) if request.rules.sloppy else request.replicas
        while best.version < floor:
            if self._rounds.left(request) <= _AGAIN:
                raise Unavailable(
                    f"{request.key}: nobody who answered within {request.rules.timeout:g} s has "
                    f"version {floor}, which the session has seen"
                )
            await self._client.sleep(_AGAIN)
            replies: Any
            try:
                # All of them, for as long as a slow one needs; those who answer are enough.
                replies = await self._client.quorum(
                    everybody,
                    Fetch(request.key),
                    need=len(everybody),
                    timeout=min(self._spec.patience, self._rounds.left(request)),
                )
            except QuorumFailed as error:
                replies = error.replies
            best = self._newest({"": best, **replies})
        return best

    def _newest(self, replies: dict[str, Held]) -> Held:
        return reduce(self._merge, replies.values(), NOTHING)

    # Writes.

    async def _write(self, command: Put | Delete, rules: Rules) -> Version:
        request = self._rounds.begin(command.key, rules)
        if rules.session is not None:
            self._author.hear(_floor(rules.session, command.key, ("reads", "writes")))
        # the rule: the version of a later write is higher
        if self._spec.clock == "coordinator":
            answers = await self._rounds.ask(request, Ask(command.key))
            version = Version(next(iter(answers.values())).counter, self._author.name)
        else:
            if rules.ask_first:
                for heard in (await self._rounds.ask(request, Ask(command.key))).values():
                    self._author.hear(heard)
            version = self._author.stamp()
        await self._store(request, self._to_hold(command, version))
        return version

    def _to_hold(self, command: Put | Delete, version: Version) -> Held:
        """A value, with its end if it has one; or a tombstone, with its beginning."""
        if isinstance(command, Delete):
            return Held(version, None, self._now_ns() if self._spec.grace is not None else 0)
        if command.ttl_ns is None:
            return Held(version, command.value)
        return Held(version, command.value, self._now_ns() + command.ttl_ns)

    async def _store(self, request: Round, held: Held) -> None:
        try:
            await self._rounds.store(request, held, self._author.hear)
        except QuorumFailed as error:
            words = shortfall(request, error, request.rules.quorums.w, "keep it")
            words += "; it may have happened"
            raise QuorumFailed(words, error.replies, error.refusals) from None

    def _hear(self, _name: str, version: Version) -> None:
        self._author.hear(version)

    async def _join(self, command: WriteCommand, rules: Rules) -> Done:
        """A write that takes the place of what its writer has seen, and of nothing else."""
        key: str = command.key  # type: ignore[union-attr]
        request, found = self._rounds.begin(key, rules), NOTHING
        # the rule: who takes something away must have seen it
        if isinstance(command, self._policy.observes):
            found = self._newest(await self._rounds.ask(request, Fetch(key)))
        held = write_alone(self._policy, command, found, self._author)
        await self._store(request, held)
        # Of a sum, what this writer knows; a version of a merged state is a name, and no order.
        return Done(self._policy.value(held) if isinstance(command, Add) else None)


def _no_time() -> int:
    return 0


def _author_of(client: Client) -> str:
    """Two lives of a client are two writers: the second does not know what the first gave out."""
    life = client.host.incarnation
    name = client.name
    return name if life is None or life.label == f"{name}.1" else life.label


def _floor(session: Any, key: str, kinds: tuple[str, ...]) -> Version:
    """The highest version of a key that the session remembers."""
    known = [Version(*seen[key]) for kind in kinds if key in (seen := getattr(session, kind))]
    return max(known, default=NOTHING.version)


def _plain(version: Version) -> list[Any]:
    """A version as the history keeps it."""
    return [version.counter, version.writer]
