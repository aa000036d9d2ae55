"""Leadership transfer: the leader brings its successor up to date and calls on it to stand
(dissertation 3.10).

Knows no votes.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import TimeoutNow
from minicloud.protocols.raft.output import Refused
from minicloud.protocols.raft.parts.election import campaign
from minicloud.protocols.raft.state.core import Core, Role

__all__ = ["begin", "caught_up", "on_timeout_now", "tick"]


def begin(core: Core, to: str) -> Refused | None:
    """Stop taking proposals until the successor has taken over, or an election timeout is past."""
    if core.role is not Role.LEADER:
        return Refused("not the leader", core.leader)
    if to not in core.progress or not core.members.votes(to):
        return Refused(f"{to} is not another voter", core.leader)
    core.successor = to
    core.transfer_until = core.now + core.settings.election_ticks
    core.news = True
    caught_up(core, to)
    return None


def caught_up(core: Core, name: str) -> None:
    """The successor may have the whole log by now."""
    if core.successor == name and core.progress[name].match == core.log.last_index:
        core.outbox.append(TimeoutNow(core.name, name, core.term))
        core.lease_given_up = True


def tick(core: Core) -> None:
    """Give the transfer up if it takes too long."""
    if core.successor is not None and core.now >= core.transfer_until:
        core.successor = None


def on_timeout_now(core: Core, _: TimeoutNow) -> None:
    """Stand at once, without asking first."""
    if core.role is not Role.LEADER and core.members.votes(core.name):
        campaign(core, forced=True)
