"""Owns the sloppy quorum: the first machines of the preference list that answer, whoever they are.

Dynamo (SOSP 2007, section 4.6). It keeps a store writable in a cut, and takes from quorums what
they were for: the machines that took a write and those that answer a read may have none in common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from minicloud.errors import QuorumFailed
from minicloud.node.messages.message import Request

if TYPE_CHECKING:
    from minicloud.cloud import Client
    from minicloud.services.kv.quorum.coordinator.whom import Whom

__all__ = ["gather"]

T = TypeVar("T")


async def gather(
    client: Client,
    whom: Whom,
    key: str,
    question: Callable[[dict[str, str]], Request[T]],
    *,
    need: int,
    patience: float,
    left: Callable[[], float],
    late: Callable[[str, T], None] | None = None,
) -> dict[str, T]:
    """Ask as many machines as the key has replicas; others where some do not answer in time.

    question: what to ask, by who stands in for whom. late: hears of answers that were not waited
    for. Raises `QuorumFailed` if too few answer in the
    time that is left.
    """
    owners, order = whom.replicas(key), whom.order(key)
    replies: dict[str, T] = {}
    refusals: dict[str, Any] = {}
    asked: dict[str, None] = {}
    while True:
        untried = [name for name in whom.likely(order) if name not in asked]
        last = not untried
        again = [name for name in asked if name not in replies and name not in refusals]
        targets = (again if last else untried)[: len(owners) - len(replies)]
        if not last and len(targets) + len(replies) < need:
            targets += again
        asked.update(dict.fromkeys(targets))
        try:
            found = await client.quorum(
                targets,
                question(_stand_ins(owners, [*replies, *targets])),
                need=min(need - len(replies), len(targets)),
                timeout=left() if last else min(patience, left()),
                late=late,
            )
        except QuorumFailed as error:
            found = error.replies  # type: ignore[assignment]
            refusals |= error.refusals
            whom.doubt([name for name in targets if name not in found])
        for name in found:
            whom.trust(name)
        replies |= found
        if len(replies) >= need:
            return replies
        if last or not left():
            text = f"{len(replies)} of {need} answered"
            raise QuorumFailed(text, dict(replies), refusals)


def _stand_ins(owners: tuple[str, ...], taking: list[str]) -> dict[str, str]:
    """Who of those that take the write stands in for which owner that does not."""
    absent = [name for name in owners if name not in taking]
    others = [name for name in taking if name not in owners]
    return dict(zip(others, absent, strict=False))
