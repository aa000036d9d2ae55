"""Owns the two phases of a request: a question that `r` replicas answer, a value that `w` keep.

Which replicas those are depends on the rules: any, those of the client's own region, or whoever
stands in. Knows nothing of what is asked and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from minicloud.errors import QuorumFailed
from minicloud.node.messages.message import Request
from minicloud.protocols.quorums import majority
from minicloud.protocols.versions import Held, Version
from minicloud.services.kv.client import Unavailable
from minicloud.services.kv.quorum.coordinator.sloppy import gather
from minicloud.services.kv.quorum.coordinator.whom import Whom
from minicloud.services.kv.quorum.messages import Hint, Keep, StandIn
from minicloud.services.kv.quorum.rules import Rules

if TYPE_CHECKING:
    from minicloud.cloud import Client

__all__ = ["Round", "Rounds", "shortfall"]

T = TypeVar("T")
Late = Callable[[str, Any], None]
"""Hears of an answer that was not waited for."""


class Round(msgspec.Struct):
    """One request under way: on which key, by which rules, among whom, until when."""

    key: str
    rules: Rules
    replicas: tuple[str, ...]
    deadline: float


class Rounds:
    """How one client asks and tells the replicas of a key.

    patience: seconds after which somebody else stands in for a replica that does not answer, and
    holds a hint for it; hints: whether there are any.
    """

    def __init__(self, client: Client, whom: Whom, *, patience: float, hints: bool) -> None:
        self._client = client
        self._whom = whom
        self._patience = patience
        self._hints = hints

    def begin(self, key: str, rules: Rules) -> Round:
        """A request begins now."""
        deadline = self._client.clock.monotonic() + rules.timeout
        return Round(key, rules, self._whom.replicas(key), deadline)

    def left(self, request: Round) -> float:
        """Seconds that are left of it."""
        return max(0.0, request.deadline - self._client.clock.monotonic())

    async def ask(
        self, request: Round, question: Request[T], late: Late | None = None
    ) -> dict[str, T]:
        """First phase: the answers of `r` replicas. Nothing has happened if they do not come.

        Raises `Unavailable`.
        """
        rules, replicas = request.rules, request.replicas
        need = rules.quorums.r
        try:
            if rules.sloppy:
                return await self._gather(request, lambda _: question, need, late)
            if rules.local_r:
                replicas = self._whom.local(replicas)
                need = majority(len(replicas))
            return await self._quorum(request, replicas, question, need, late)
        except QuorumFailed as error:
            raise Unavailable(shortfall(request, error, need, "answered")) from None

    async def store(self, request: Round, held: Held, hear: Callable[[Version], None]) -> None:
        """Second phase: `w` replicas hold this, or something newer, on their disks.

        `hear` is told of the versions that they hold then. Raises `QuorumFailed`.
        """
        kept: dict[str, None] = {}
        if self._hints:
            wait = min(self._patience, self.left(request))
            self._client.after(wait, self._hint, request, held, kept)

        def late(name: str, version: Version) -> None:
            kept[name] = None
            hear(version)

        for name, version in (await self._kept(request, held, late)).items():
            late(name, version)

    async def _kept(self, request: Round, held: Held, late: Late) -> dict[str, Version]:
        rules, replicas = request.rules, request.replicas
        key, version, value, ends_ns = request.key, held.version, held.value, held.ends_ns
        need = rules.quorums.w
        if rules.sloppy:
            return await self._gather(
                request, lambda owners: StandIn(key, owners, version, value, ends_ns), need, late
            )
        message = Keep(key, version, value, ends_ns)
        if rules.local_w:
            near = self._whom.local(replicas)
            far = [name for name in replicas if name not in near]
            await self._quorum(request, far, message, 0, late)
            replicas, need = near, majority(len(near))
        return await self._quorum(request, replicas, message, need, late)

    async def tell(
        self, request: Round, replicas: list[str], held: Held, need: int, hear: Late
    ) -> None:
        """See that so many of these replicas hold a value that others hold already.

        Raises `Unavailable`: it serves a read, which changes nothing, so it just has no answer.
        """
        message = Keep(request.key, held.version, held.value, held.ends_ns)
        try:
            found = await self._quorum(request, replicas, message, need, hear)
        except QuorumFailed as error:
            words = shortfall(request, error, need, "hold what was found")
            raise Unavailable(words) from None
        for name, version in found.items():
            hear(name, version)

    # How.

    async def _quorum(
        self,
        request: Round,
        replicas: tuple[str, ...] | list[str],
        message: Request[T],
        need: int,
        late: Late | None,
    ) -> dict[str, T]:
        return await self._client.quorum(
            replicas, message, need=need, timeout=self.left(request), late=late
        )

    async def _gather(
        self,
        request: Round,
        question: Callable[[dict[str, str]], Request[T]],
        need: int,
        late: Late | None,
    ) -> dict[str, T]:
        return await gather(
            self._client,
            self._whom,
            request.key,
            question,
            need=need,
            patience=self._patience,
            left=lambda: self.left(request),
            late=late,
        )

    def _hint(self, request: Round, held: Held, kept: dict[str, None]) -> None:
        """Leave hints for the replicas that have not said that they keep the value."""
        missing = [name for name in request.replicas if name not in kept]
        if not missing:
            return
        self._whom.doubt(missing)
        # Those without a replica first; else the same one of them as long as it is there.
        order = self._whom.order(request.key)
        spare = [name for name in order if name not in request.replicas]
        holders = self._whom.likely((*spare, *(n for n in request.replicas if n in kept)))
        for i, owner in enumerate(missing if holders else []):
            holder = holders[i % len(holders)]
            hint = Hint(request.key, owner, held.version, held.value, held.ends_ns)
            self._client.send(holder, hint)


def shortfall(request: Round, error: QuorumFailed, need: int, did: str) -> str:
    """Why there were too few, in a sentence."""
    answers = f"{len(error.replies)} of {need} {did} within {request.rules.timeout:g} s"
    reasons = "".join(f"; {refusal}" for refusal in error.refusals.values())
    return f"{request.key}: {answers}, of {', '.join(request.replicas)}{reasons}"
