"""Owns what operators ask of a Raft server: other members, another leader. Knows no disk."""

from __future__ import annotations

from minicloud.node.messages.later import Later
from minicloud.protocols.kv import Done
from minicloud.protocols.raft import Members, Raft, Refused
from minicloud.services.kv.raft.messages import HandOver, Reform, Reply

__all__ = ["Operators"]


class Operators:
    """The changes that somebody waits for at one server."""

    def __init__(self, raft: Raft) -> None:
        self._raft = raft
        self._changes: list[tuple[Members, Later[Reply]]] = []
        self._handing: list[tuple[str, Later[Reply]]] = []

    def reform(self, request: Reform, reply: Later[Reply]) -> None:
        """Begin to change the members, unless they are those already."""
        raft, target = self._raft, Members(request.voters, request.learners)
        if raft.leads and self._is(target):
            reply.give(Reply(done=Done(True)))
            return
        if request.caught_up and raft.leads and (late := self._late(target)):
            reply.give(Reply(why=f"{late} has not caught up", leader=raft.name))
            return
        placed = raft.change(target, joint=request.joint)
        if isinstance(placed, Refused):
            reply.give(Reply(why=placed.why, leader=placed.leader))
        else:
            self._changes.append((target, reply))

    def _is(self, target: Members) -> bool:
        return self._raft.settled and self._raft.members == target

    def _late(self, target: Members) -> str | None:
        """A voter to be that lacks what was committed: with its vote, a majority might lack it."""
        raft = self._raft
        new = [name for name in target.voters if not raft.members.votes(name)]
        behind = [n for n in new if raft.matched.get(n, 0) < raft.commit and n != raft.name]
        return behind[0] if behind else None

    def hand_over(self, request: HandOver, reply: Later[Reply]) -> None:
        """Begin to hand over the lead."""
        raft = self._raft
        if raft.leader == request.to:
            reply.give(Reply(done=Done(True)))
        elif (refused := raft.transfer(request.to)) is not None:
            reply.give(Reply(why=refused.why, leader=refused.leader))
        else:
            self._handing.append((request.to, reply))

    def look(self) -> None:
        """Something has happened: answer those whose wish has come true, or can't any more."""
        if self._changes:
            waiting, self._changes = self._changes, []
            for target, reply in waiting:
                self._look_at_change(target, reply)
        if self._handing:
            handing, self._handing = self._handing, []
            for to, reply in handing:
                self._look_at_lead(to, reply)

    def _look_at_change(self, target: Members, reply: Later[Reply]) -> None:
        raft = self._raft
        if self._is(target):
            reply.give(Reply(done=Done(True)))
        elif not raft.leads:
            reply.give(Reply(why="no longer the leader", leader=raft.leader, maybe=True))
        else:
            self._changes.append((target, reply))

    def _look_at_lead(self, to: str, reply: Later[Reply]) -> None:
        raft = self._raft
        if raft.leader == to:
            reply.give(Reply(done=Done(True)))
        elif raft.successor != to and raft.leader is not None:
            reply.give(Reply(why=f"{to} did not take over", leader=raft.leader, maybe=True))
        else:
            self._handing.append((to, reply))
