"""Owns how a client finds a server that answers: the leader by hints, others by turn or distance.

Knows no command, and no session: whoever has asked decides whether it may ask again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from minicloud.errors import OutcomeUnknown
from minicloud.node.messages.message import Request
from minicloud.services.kv.client import Unavailable
from minicloud.services.kv.raft.messages import Propose, Reply

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = ["Seeker"]

_LEAST = 1e-9
"""Seconds of which at least one passes by a clock that counts nanoseconds."""
_WEIGHT = 0.3
"""How much one answer counts in the mean time that a server takes."""


class Seeker:
    """Asks servers in turn until one has an answer, or the time is over.

    patience: seconds to wait for one server. pause: seconds before it asks again where it was sent
    away, in the mean.
    """

    def __init__(
        self, client: Client, nodes: tuple[str, ...], *, patience: float, pause: float
    ) -> None:
        self._client, self._nodes = client, nodes
        self._patience, self._pause = patience, pause
        self._leader: str | None = None
        self._turn = client.random.integer(len(nodes))
        self._took: dict[str, float] = {}

    def _now(self) -> float:
        return self._client.clock.monotonic()

    # Whom to ask.

    def _choose(self, whom: str, asked: list[str]) -> str:
        """The leader, as far as is known, else the next in turn; anybody, drawn; or who answers
        soonest, where whoever was never asked comes first. The last two only once in a round.
        """
        if whom == "leader":
            return self._leader or self._next()
        left = [name for name in self._nodes if name not in asked]
        if not left:
            asked.clear()
            left = [*self._nodes]
        if whom == "any":
            node = self._client.random.choice(left)
        else:
            node = min(left, key=lambda name: self._took.get(name, 0.0))
        asked.append(node)
        return node

    def _next(self) -> str:
        self._turn = (self._turn + 1) % len(self._nodes)
        return self._nodes[self._turn]

    # Asking.

    async def ask(
        self,
        request: Request[Reply],
        timeout: float,
        *,
        whom: str = "leader",
        longer: float = 0.0,
    ) -> tuple[Reply, bool]:
        """The first answer, and whether an earlier try may have been carried out too. A server may
        take so many seconds `longer` than usual.

        Raises `Unavailable` where no try can have been, `OutcomeUnknown` where one may.
        """
        deadline, maybe, why = self._now() + timeout, False, "nobody was asked"
        sent_away, tries, asked = 0, 0, list[str]()
        while (left := deadline - self._now()) > _LEAST:
            node = self._choose(whom, asked)
            tries += 1
            limit = min(self._patience + longer, left)
            try:
                reply = await self._try(node, _numbered(request, tries), limit)
            except OutcomeUnknown:
                maybe, why = True, f"{node} is silent"
                await self._client.sleep(0.0)  # a client without power ends here
                continue
            if reply.done is not None or reply.expired:
                return reply, maybe
            maybe, why = maybe or reply.maybe, f"{node}: {reply.why}"
            if sent_away or self._leader is None:
                await self._client.sleep(self._pause * (0.5 + self._client.random.random()))
            sent_away += 1
        words = f"no answer within {timeout:g} s; the last word was: {why}"
        if maybe:
            raise OutcomeUnknown(f"{words}; it may have happened")
        raise Unavailable(words)

    async def _try(self, node: str, request: Request[Reply], limit: float) -> Reply:
        began = self._now()
        try:
            reply = await self._client.call(node, request, timeout=limit)
        except OutcomeUnknown:
            self._measure(node, 2 * limit)
            if self._leader == node:
                self._leader = None
            raise
        self._measure(node, self._now() - began)
        if reply.leader is not None and self._leader in {None, node}:
            # It may name itself though it did not do it: then it is asked again, after a pause.
            self._leader = reply.leader
        elif self._leader == node:
            self._leader = None
        return reply

    def _measure(self, node: str, took: float) -> None:
        known = self._took.get(node, took)
        self._took[node] = known + _WEIGHT * (took - known)


def _numbered(request: Request[Reply], attempt: int) -> Request[Reply]:
    """The request as it is asked for that time."""
    if isinstance(request, Propose):
        return msgspec.structs.replace(request, attempt=attempt)
    return request
