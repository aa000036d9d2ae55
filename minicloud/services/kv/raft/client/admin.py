"""Owns an operator's end of a Raft store: other members, another leader. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minicloud.cloud import Client
from minicloud.services.kv.raft.client.seeker import Seeker
from minicloud.services.kv.raft.messages import HandOver, Reform

if TYPE_CHECKING:
    from minicloud.services.kv.raft.spec import Raft

__all__ = ["Admin"]


class Admin(Client):
    """Asks whoever leads, again and again until it is done: what it asks for may be asked twice."""

    def __init__(self, *, spec: Raft, nodes: tuple[str, ...]) -> None:
        pause = spec.election[0] / 8
        self._seeker = Seeker(self, nodes, patience=spec.election[1] * 4, pause=pause)

    async def change(
        self, voters: Sequence[str], learners: Sequence[str], *, joint: bool, timeout: float
    ) -> None:
        """Have these members. Raises a `CallError` where that is not certain in time."""
        await self._seeker.ask(Reform(tuple(voters), tuple(learners), joint), timeout)

    async def transfer(self, to: str, *, timeout: float) -> None:
        """Have this leader. Raises a `CallError` where it does not lead in time."""
        await self._seeker.ask(HandOver(to), timeout)
