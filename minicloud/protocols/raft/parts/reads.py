"""Reads without a place in the log: ReadIndex and leases, asked of the leader or of a follower
(dissertation 6.4, 6.4.1; paper 8).

Knows no state machine: it says from which index on a read may be answered.
"""

from __future__ import annotations

import msgspec

from minicloud.protocols.raft.messages import ReadAt, ReadIndex
from minicloud.protocols.raft.output import Read
from minicloud.protocols.raft.state.core import Core, Role
from minicloud.protocols.raft.state.waiting import Asked, answer

__all__ = [
    "ask",
    "begin_round",
    "confirm",
    "lease_holds",
    "on_read_at",
    "on_read_index",
    "release_held",
]


def ask(core: Core, key: str, *, lease: bool) -> None:
    """A caller of this server wants to read."""
    if core.role is Role.LEADER:
        _take(core, Asked(key, core.name, lease))
    elif core.leader is None:
        core.reads.known.append(Read(key, None))
    else:
        core.outbox.append(ReadIndex(core.name, core.leader, core.term, key, lease))


def on_read_index(core: Core, m: ReadIndex) -> None:
    """A follower asks, for its caller."""
    read = Asked(m.key, m.sender, m.lease)
    if core.role is Role.LEADER:
        _take(core, read)
    else:
        answer(core, read, None)


def on_read_at(core: Core, m: ReadAt) -> None:
    """The leader's answer to a follower."""
    core.reads.known.append(Read(m.key, m.index))


def _take(core: Core, read: Asked) -> None:
    """Fix the index (6.4, steps 1 and 2), then find out whether this is still the leader."""
    if core.rules.read_after_own_commit and not core.own_commit:  # the rule
        core.reads.held.append(read)
    elif not core.rules.read_confirms_leadership or (read.lease and lease_holds(core)):  # the rule
        answer(core, read, core.commit)
    else:
        known = msgspec.structs.replace(read, index=core.commit, round=core.round + 1)
        core.reads.unconfirmed.append(known)
        core.beat_wanted = True


def release_held(core: Core) -> None:
    """Something was committed: reads that waited for the first entry of this term go on."""
    if core.reads.held and core.own_commit:
        held, core.reads.held = core.reads.held, []
        for read in held:
            _take(core, read)


def begin_round(core: Core) -> None:
    """What is sent from here on proves, when answered, that this was the leader now."""
    core.round += 1
    core.round_began[core.round] = core.now
    past = core.now - core.settings.election_ticks
    for number in [n for n, began in core.round_began.items() if began < past]:
        del core.round_began[number]


def confirm(core: Core) -> None:
    """Answer the reads whose round a majority has answered (6.4, step 3)."""
    waiting = core.reads.unconfirmed
    if not waiting or core.role is not Role.LEADER:
        return
    reached = core.agreed(core.round, "round")
    while waiting and waiting[0].round <= reached:
        read = waiting.pop(0)
        answer(core, read, read.index)


def lease_holds(core: Core) -> bool:
    """Whether nobody else can have been elected (6.4.1): a majority answered a round that began so
    little ago that, for all that clocks drift, each of it still refuses its vote to others.
    """
    if core.lease_given_up and core.rules.lease_ends_on_transfer:  # the rule
        return False
    if not core.rules.lease_bound:  # the rule
        return True
    began = core.round_began.get(core.agreed(core.round, "round"))
    return began is not None and core.now < began + core.settings.lease_ticks
