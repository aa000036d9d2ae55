"""Owns the client's end of a quorum store: whom it asks, what it makes of the answers.

The client itself coordinates. So whoever counts the acknowledgements also knows what they mean: a
write whose first phase failed has definitely not happened, one whose second phase failed may have.
And a message that comes twice does no harm, for its version was chosen before it was sent.

With `ask_first` and `write_back`, and quorums that overlap, this is the multi-writer form (Lynch
and Shvartsman, "Robust emulation of shared memory using dynamic quorum-acknowledged broadcasts",
FTCS 1997) of the register of Attiya, Bar-Noy and Dolev ("Sharing memory robustly in message-passing
systems", JACM 1995): linearizable whatever crashes, available to whoever reaches a quorum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from minicloud.errors import QuorumFailed
from minicloud.node.messages.message import Request
from minicloud.protocols.quorums import replicas_of
from minicloud.protocols.versions import (
    NOTHING,
    Held,
    LamportClock,
    Version,
    newest,
    outdated,
)
from minicloud.services.kv.client import Demand, Unavailable
from minicloud.services.kv.quorum.messages import Ask, Fetch, Keep, Repair
from minicloud.services.kv.quorum.rules import Rules

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = ["Coordinator"]

T = TypeVar("T")


class _Round(msgspec.Struct):
    """One request under way: on which key, by which rules, among whom, until when."""

    key: str
    rules: Rules
    replicas: tuple[str, ...]
    deadline: float


class Coordinator:
    """One client's reads and writes; `plan` says by which rules a demand is met."""

    def __init__(
        self, client: Client, nodes: tuple[str, ...], plan: Callable[[Demand], Rules]
    ) -> None:
        self._client = client
        self._nodes = nodes
        self._clock = LamportClock(client.name)
        self._plan = plan
        self._demand: Demand | None = None
        self._rules: Rules

    def plan(self, demand: Demand) -> Rules:
        """By which rules a demand is met; most ask for what the one before them did."""
        if demand != self._demand or isinstance(demand.r, bool) or isinstance(demand.w, bool):
            self._rules = self._plan(demand)
            self._demand = demand
        return self._rules

    async def read(self, key: str, rules: Rules) -> Any:
        request, best = self._begin(key, rules), NOTHING

        def late(name: str, held: Held) -> None:
            if rules.read_repair and held.version < best.version:
                self._client.send(name, Repair(key, best.version, best.value))

        replies = await self._ask(request, Fetch(key), late)
        best = newest(replies.values())
        self._clock.hear(best.version)
        if rules.read_repair:
            for name in outdated(replies, best):
                late(name, replies[name])
        # the rule: what one reader has seen, no later reader may miss
        if rules.write_back:
            await self._write_back(request, best, replies)
        return best.value

    async def write(self, key: str, value: Any, rules: Rules) -> None:
        request = self._begin(key, rules)
        # the rule: the version of a later write is higher
        if rules.ask_first:
            for version in (await self._ask(request, Ask(key))).values():
                self._clock.hear(version)
        try:
            await self._store(request, Held(self._clock.next(), value))
        except QuorumFailed as error:
            words = _shortfall(request, error, rules.quorums.w, "keep it")
            words += "; it may have happened"
            raise QuorumFailed(words, error.replies, error.refusals) from None

    # The two phases.

    async def _ask(
        self,
        request: _Round,
        question: Request[T],
        late: Callable[[str, T], None] | None = None,
    ) -> dict[str, T]:
        """First phase: the answers of `r` replicas. Nothing has happened if they do not come."""
        need = request.rules.quorums.r
        try:
            return await self._client.quorum(
                request.replicas, question, need=need, timeout=self._left(request), late=late
            )
        except QuorumFailed as error:
            raise Unavailable(_shortfall(request, error, need, "answered")) from None

    async def _store(self, request: _Round, held: Held) -> None:
        """Second phase: `w` replicas hold this, or something newer, on their disks."""
        message = Keep(request.key, held.version, held.value)

        def hear(_name: str, version: Version) -> None:
            self._clock.hear(version)

        held_now = await self._client.quorum(
            request.replicas,
            message,
            need=request.rules.quorums.w,
            timeout=self._left(request),
            late=hear,
        )
        for version in held_now.values():
            self._clock.hear(version)

    async def _write_back(self, request: _Round, best: Held, replies: dict[str, Held]) -> None:
        need = request.rules.quorums.w
        agreed = len(replies) - len(outdated(replies, best))
        if agreed >= need or best.version == NOTHING.version:
            return  # enough of them have said that they hold it, or there is nothing to hold
        try:
            await self._store(request, best)
        except QuorumFailed as error:
            # A read changes nothing, so this is no unknown outcome: it just has no answer.
            raise Unavailable(_shortfall(request, error, need, "hold what was found")) from None

    def _begin(self, key: str, rules: Rules) -> _Round:
        replicas = replicas_of(key, self._nodes, rules.quorums.n)
        return _Round(key, rules, replicas, self._client.clock.monotonic() + rules.timeout)

    def _left(self, request: _Round) -> float:
        return max(0.0, request.deadline - self._client.clock.monotonic())


def _shortfall(request: _Round, error: QuorumFailed, need: int, did: str) -> str:
    answers = f"{len(error.replies)} of {need} {did} within {request.rules.timeout:g} s"
    reasons = "".join(f"; {refusal}" for refusal in error.refusals.values())
    return f"{request.key}: {answers}, of {', '.join(request.replicas)}{reasons}"
