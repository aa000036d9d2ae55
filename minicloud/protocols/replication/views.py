"""Owns the authority over who replicates: one numbered view after the other, decided as a value.

A view says in which order members stand: the primary, or the head of a chain, is the first. The
authority is the configuration manager of Lin, Yang, Zhang and Zhou, "PacificA: Replication in
Log-Based Distributed Storage Systems" (Microsoft Research, MSR-TR-2008-25, sections 2.3 and 3): it
gives leases, and lets a view that takes somebody's part away begin only when the lease has run out.
Knows no clock and no disk: it is told the time, and what it decided is in force once `confirm` says
that it is on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from minicloud.protocols.replication.log import Mark

__all__ = ["Authority", "Policy", "Settled", "View"]

NEVER = -(10**18)


class View(msgspec.Struct, frozen=True, array_like=True):
    """Who replicates from this number on. Of a chain: from head to tail."""

    number: int
    members: tuple[str, ...]

    @property
    def first(self) -> str:
        """The primary, or the head; empty where there is none yet."""
        return self.members[0] if self.members else ""

    @property
    def last(self) -> str:
        """The tail."""
        return self.members[-1] if self.members else ""

    def before(self, name: str) -> str | None:
        """The predecessor of a member."""
        at = self.members.index(name)
        return self.members[at - 1] if at else None

    def after(self, name: str) -> str | None:
        """The successor of a member."""
        at = self.members.index(name) + 1
        return self.members[at] if at < len(self.members) else None


class Settled(msgspec.Struct, frozen=True, array_like=True):
    """What the authority must not forget: the view, and a member that has not all data yet."""

    view: View
    fresh: str | None = None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """By which rules the authority decides; times are in nanoseconds of its own clock.

    style: of a chain each member has a lease and a part to lose; of the others only the primary.
    enough: how many nodes must have promised to follow no older view before a new primary is
        chosen. pool: from among whom: all nodes, or the members of the last view, who alone have
        all that was acknowledged.
    eager: don't wait for a lease. unclean: after that time, choose from among anybody.
    """

    style: Literal["chain", "all", "in-sync"]
    enough: int = 1
    lease_ns: int
    patience_ns: int
    gather_ns: int = 0
    eager: bool = False
    unclean_ns: int | None = None


class _Sealing(msgspec.Struct):
    """A change of primary under way: who has promised what, and since when."""

    number: int
    since_ns: int
    promised: dict[str, Mark]


class Authority:
    """The views of some nodes.

    Call `hear`, `promise`, `propose`, `tick`; write down `decided`, and `confirm` it.
    """

    def __init__(
        self, nodes: Sequence[str], policy: Policy, settled: Settled, now_ns: int, *, born: bool
    ) -> None:
        self._nodes = tuple(nodes)
        self._policy = policy
        self.settled = settled
        self.decided: Settled | None = None
        """What is to be written down, and then confirmed."""
        # A former life may have given a lease just before its end.
        until_ns = NEVER if born else now_ns + policy.lease_ns
        self._until: dict[str, int] = dict.fromkeys(nodes, until_ns)
        self._heard: dict[str, int] = dict.fromkeys(nodes, now_ns)
        self._accused: dict[str, None] = {}
        self.sealing: _Sealing | None = None

    @property
    def view(self) -> View:
        """The view in force."""
        return self.settled.view

    # What it is told.

    def hear(self, node: str, number: int, now_ns: int, *, able: bool) -> bool:
        """A sign of life, with the view that the node is in. Says whether it has a lease from now.

        able: a primary that leads, or a member of a chain that has all data. One that lost power
        leads no more in the same view: it may have forgotten places that it gave.
        """
        self._heard[node] = now_ns
        if number != self.view.number or node not in self._holders():
            return False
        if not able and self._policy.style != "chain":
            self._until[node] = min(self._until[node], now_ns)
            self._accused[node] = None
        if able and node == self.settled.fresh and self.decided is None:
            self.decided = Settled(self.view)
        if node in self._accused or self.sealing is not None:
            return False
        self._until[node] = now_ns + self._policy.lease_ns
        return True

    def promise(self, node: str, number: int, end: Mark) -> None:
        """A node follows nobody of a lower number any more, and its log ends there."""
        if self.sealing is not None and number == self.sealing.number:
            self.sealing.promised[node] = end

    def propose(self, node: str, view: View) -> None:
        """A member wants others beside it: somebody lags, or has caught up, or does not answer."""
        now, wanted = self.view, dict.fromkeys(view.members)
        if view.number != now.number or node not in now.members or self.decided or self.sealing:
            return
        if self._policy.style == "chain":
            self._propose_chain(node, view)
            return
        known = all(name in self._nodes for name in wanted)
        if self._policy.style == "in-sync" and view.first == node == now.first and known:
            self.decided = Settled(View(now.number + 1, tuple(wanted)))

    def _propose_chain(self, node: str, view: View) -> None:
        now = self.view
        gone = [name for name in now.members if name not in view.members]
        if gone == [now.after(node)]:
            self._accused[gone[0]] = None
        elif not gone and node == now.last and self.settled.fresh is None:
            (*_, joins) = view.members
            if joins in self._nodes and joins not in now.members:
                self.decided = Settled(View(now.number + 1, (*now.members, joins)), joins)

    def tick(self, now_ns: int) -> int | None:
        """Time has passed. Gives the number that all must promise to heed, if there is one."""
        if self.decided is not None or not self.view.members:
            return None
        if self._policy.style == "chain":
            self._shorten(now_ns)
            return None
        if self.sealing is None and self._vacant(now_ns):
            self.sealing = _Sealing(self.view.number + 1, now_ns, {})
        if self.sealing is not None:
            self._choose(self.sealing, now_ns)
        return None if self.sealing is None else self.sealing.number

    def confirm(self) -> None:
        """What was decided is on the disk, so it is in force."""
        if self.decided is not None:
            before, self.settled, self.decided = self.view, self.decided, None
            if self.view.number != before.number:
                self.sealing = None
                self._accused.clear()

    # What it decides.

    def _holders(self) -> tuple[str, ...]:
        members = self.view.members
        return members if self._policy.style == "chain" else members[:1]

    def _dead(self, node: str, now_ns: int) -> bool:
        return now_ns - self._heard[node] > self._policy.patience_ns or node in self._accused

    def _free(self, node: str, now_ns: int) -> bool:
        """Whether a node has no lease any more."""
        return self._policy.eager or self._until[node] <= now_ns  # the rule

    def _vacant(self, now_ns: int) -> bool:
        primary = self.view.first
        return self._dead(primary, now_ns) and self._free(primary, now_ns)

    def _shorten(self, now_ns: int) -> None:
        members, fresh = self.view.members, self.settled.fresh
        gone = [name for name in members if self._dead(name, now_ns)]
        left = tuple(name for name in members if name not in gone)
        # Somebody who has all data stays, dead or not: nobody else knows what was acknowledged.
        if not gone or not [name for name in left if name != fresh]:
            self._accused.clear()
        elif all(self._free(name, now_ns) for name in gone):
            fresh = fresh if fresh in left else None
            self.decided = Settled(View(self.view.number + 1, left), fresh)

    def _choose(self, sealing: _Sealing, now_ns: int) -> None:
        waited_ns = now_ns - sealing.since_ns
        promised = {
            name: sealing.promised[name] for name in self._nodes if name in sealing.promised
        }
        pool = self._pool(promised)
        unclean_ns = self._policy.unclean_ns
        # the rule: only who certainly has all that was acknowledged becomes primary
        if unclean_ns is not None and not pool and waited_ns >= unclean_ns:
            pool = promised
        if len(promised) < self._policy.enough or not pool:
            return
        if len(pool) < len(self._nodes) and waited_ns < self._policy.gather_ns:
            return
        best = max(pool, key=lambda name: pool[name])
        others = pool if self._policy.style == "in-sync" else dict.fromkeys(self._nodes)
        members = (best, *(name for name in others if name != best))
        self.decided = Settled(View(sealing.number, members))

    def _pool(self, promised: Mapping[str, Mark]) -> dict[str, Mark]:
        if self._policy.style == "all":
            return dict(promised)
        return {name: promised[name] for name in promised if name in self.view.members}
