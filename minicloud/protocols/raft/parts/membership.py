"""Changes of members: by joint consensus (paper 6), or a server at a time (dissertation 4).

Knows no message: members are entries of the log, in force as soon as they are in it.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import Entry
from minicloud.protocols.raft.output import Placed, Refused
from minicloud.protocols.raft.state.core import Core, Role
from minicloud.protocols.raft.state.members import Members

__all__ = ["change", "settle"]


def change(core: Core, target: Members, *, joint: bool) -> Placed | Refused:
    """Begin a change to `target`, through a joint stage or, for one voter at most, directly."""
    if why := _objection(core, target, joint=joint):
        return Refused(why, core.leader)
    outgoing = core.members.voters if joint else ()
    return _append(core, Members(target.voters, target.learners, outgoing))


def _objection(core: Core, target: Members, *, joint: bool) -> str:
    rules, pending = core.rules, core.log.members_index > core.commit or core.members.joint
    overlaps = pending and rules.one_change_at_a_time  # the rule
    early = not core.own_commit and rules.noop_before_membership_change  # the rule
    objections = {
        "not the leader": core.role is not Role.LEADER,
        "handing over the lead": core.successor is not None,
        "another change is under way": overlaps,
        "nothing of this term is committed": early,
        "a cluster needs a voter": not target.voters,
        "more than one voter changes: do it jointly": not joint and _apart(core, target) > 1,
    }
    return next((why for why, holds in objections.items() if holds), "")


def _apart(core: Core, target: Members) -> int:
    """How many voters come or go."""
    old, new = core.members.voters, target.voters
    return len([n for n in old if n not in new]) + len([n for n in new if n not in old])


def settle(core: Core) -> bool:
    """Something was committed: leave a joint stage that is (paper 6). Returns whether the leader is
    no member any more, and must go (dissertation 4.2.2).
    """
    if core.log.members_index > core.commit:
        return False
    if core.members.joint:
        _append(core, Members(core.members.voters, core.members.learners))
        return False
    return not core.members.votes(core.name)


def _append(core: Core, members: Members) -> Placed:
    placed = Placed(core.log.last_index + 1, core.term)
    core.append(Entry(placed.index, placed.term, kind="members", members=members))
    return placed
