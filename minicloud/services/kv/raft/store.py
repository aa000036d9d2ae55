"""Owns the handle of a Raft store: who leads, who belongs to it, and how to change both."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from minicloud.errors import CallError, Refused, UsageError
from minicloud.node.host import Host
from minicloud.protocols.raft import Members
from minicloud.services.kv.raft.client import Admin
from minicloud.services.kv.raft.server import Replica
from minicloud.services.kv.store import Store

if TYPE_CHECKING:
    from minicloud.services.kv.raft.spec import Raft

__all__ = ["RaftStore"]

_TIMEOUT = 30.0
"""Seconds that an operator waits, unless told otherwise."""


class RaftStore(Store[Host[Replica]]):
    """A Raft store that runs. `cloud.start(kv.Raft())` gives one."""

    model: ClassVar[str] = "store"
    spec: Raft

    @property
    def leader(self) -> Host[Replica] | None:
        """The host that says it leads, by the newest term; None where nobody does just now."""
        leaders = [host for host in self.hosts if host.state.get("role") == "leader"]
        return max(leaders, key=lambda host: int(str(host.state["term"])), default=None)

    @property
    def members(self) -> Members:
        """Who belongs to the cluster, by the host that has the longest committed log."""
        up = [host for host in self.hosts if host.up]
        if not up:
            raise UsageError(f"{self.name}: all hosts are down; restart() one to ask for members")
        return max(up, key=lambda host: host.peek.raft.commit).peek.raft.members

    # What operators do.

    @cached_property
    def _admin(self) -> Admin:
        names = tuple(host.name for host in self.hosts)
        name = self._cloud.net.unique(f"{self.name}-admin")
        return self._cloud.client(name, Admin, spec=self.spec, nodes=names)

    async def change(
        self,
        voters: Sequence[Host[Replica] | str],
        *,
        learners: Sequence[Host[Replica] | str] = (),
        joint: bool = True,
        timeout: float = _TIMEOUT,
    ) -> None:
        """Have these voters and learners, in two steps (joint), or in one for a single voter.

        `timeout` is in seconds. Raises `Refused` or `OutcomeUnknown` where it is not certain by
        then that the change is committed. Voters to be must be learners that have caught up.
        """
        await self._admin.change(_names(voters), _names(learners), joint=joint, timeout=timeout)

    async def add(
        self, host: Host[Replica] | str, *, joint: bool = False, timeout: float = _TIMEOUT
    ) -> None:
        """Let a host in: as a learner first, then, once it has the log, as a voter."""
        (name,) = _names([host])
        now = self.members
        if name not in now.everyone():
            await self.change(
                now.voters, learners=[*now.learners, name], joint=joint, timeout=timeout
            )
        others = [learner for learner in now.learners if learner != name]
        voters = [*(voter for voter in now.voters if voter != name), name]
        await self.change(voters, learners=others, joint=joint, timeout=timeout)

    async def remove(
        self, host: Host[Replica] | str, *, joint: bool = False, timeout: float = _TIMEOUT
    ) -> None:
        """Let a host go. A leader hands over the lead first, so that nobody waits for a timeout."""
        (name,) = _names([host])
        now = self.members
        others = [voter for voter in now.voters if voter != name]
        if others and self.leader is not None and self.leader.name == name:
            with suppress(CallError):  # it may go all the same: the others will elect one
                await self.transfer(others[0], timeout=timeout / 2)
        learners = [learner for learner in now.learners if learner != name]
        await self.change(others, learners=learners, joint=joint, timeout=timeout)

    async def transfer(self, to: Host[Replica] | str, *, timeout: float = _TIMEOUT) -> None:
        """Hand the lead to a voter that is up to date, as before the leader is taken down."""
        (name,) = _names([to])
        if name not in self.members.electorate():
            raise Refused(f"{self.name}: {name} has no vote, so it can't lead")
        await self._admin.transfer(name, timeout=timeout)


def _names(hosts: Sequence[Host[Replica] | str]) -> list[str]:
    return [host if isinstance(host, str) else host.name for host in hosts]
