"""The leader's side of the log: sending entries, counting answers, committing (paper 5.3, 5.4.2;
dissertation 6.2, 10.2.1).

Knows no state machine.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import Appended, AppendEntries, InstallSnapshot
from minicloud.protocols.raft.parts import membership, reads, transfer
from minicloud.protocols.raft.state.core import Core, Role
from minicloud.protocols.raft.state.progress import Progress

__all__ = ["flush", "on_appended", "tick"]


def tick(core: Core) -> None:
    """A leader's moment: heartbeats, and whether anybody still hears it."""
    if core.now < core.heartbeat_at:
        return
    core.heartbeat_at = core.now + core.settings.heartbeat_ticks
    if core.rules.check_quorum:  # the rule
        heard = core.agreed(core.now, "heard_at")
        if core.halves and core.now - heard >= core.settings.election_ticks:
            core.become_follower(core.term, None)
            return
    transfer.tick(core)
    core.beat_wanted = True


def flush(core: Core) -> None:
    """Send what followers lack, to each as much as it takes at once; with a heartbeat if wanted.

    A loop, because a cluster of one commits at once, and what follows may be new entries.
    """
    while core.role is Role.LEADER and (core.news or core.beat_wanted):
        beat, core.news, core.beat_wanted = core.beat_wanted, False, False
        if beat:
            reads.begin_round(core)
        for name, progress in core.progress.items():
            _replicate(core, name, progress, beat=beat)
        reads.confirm(core)
        _advance_commit(core)


def _replicate(core: Core, name: str, p: Progress, *, beat: bool = False) -> None:
    """Bring one follower forward: probe, or fill the window."""
    if p.snapshot:
        if beat:
            _await_snapshot(core, name, p)
        return
    while beat or not (p.probing and p.waiting):
        previous = p.next - 1
        previous_term = core.log.term_at(previous)
        if previous_term < 0:
            _install(core, name, p)
            return
        room = core.settings.window - (previous - p.match)
        limit = core.settings.batch if p.probing else min(room, core.settings.batch)
        entries = core.log.slice(p.next, limit)
        stale = core.settings.eager_commit and p.commit < core.commit
        if not (entries or beat or stale):
            return
        core.outbox.append(
            AppendEntries(
                core.name,
                name,
                core.term,
                previous,
                previous_term,
                entries,
                core.commit,
                core.round,
            )
        )
        p.commit = core.commit
        p.waiting = p.probing
        if not p.probing:
            p.next += len(entries)
        beat = False


def _install(core: Core, name: str, p: Progress) -> None:
    """The log no longer reaches back to this follower (paper 7)."""
    core.outbox.append(InstallSnapshot(core.name, name, core.term, core.snapshot, core.round))
    p.sending_snapshot(core.snapshot.index, core.now)


def _await_snapshot(core: Core, name: str, p: Progress) -> None:
    """A heartbeat that says nothing of the log; the snapshot once more if it seems lost."""
    if core.now - p.sent_at >= core.settings.election_ticks:
        _install(core, name, p)
    else:
        beat = AppendEntries(core.name, name, core.term, 0, 0, (), core.commit, core.round)
        core.outbox.append(beat)


def on_appended(core: Core, m: Appended) -> None:
    """A follower's answer (paper 5.3)."""
    p = core.progress.get(m.sender)
    if core.role is not Role.LEADER or p is None:
        return
    p.heard_at = core.now
    p.round = max(p.round, m.round)
    if m.ok:
        if p.matched(m.index):
            _advance_commit(core)
    elif p.refused(m.index, core.log.newest_not_after(m.hint_index, m.hint_term)):
        p.commit = 0
    reads.confirm(core)
    if core.role is Role.LEADER and m.sender in core.progress:  # the answer may have ended that
        _replicate(core, m.sender, p)
        transfer.caught_up(core, m.sender)


def _advance_commit(core: Core) -> None:
    """Commit what a majority has, if it is of this term; what came before goes with it."""
    index = core.agreed(core.log.last_index, "match")
    if index <= core.commit:
        return
    if core.rules.commit_current_term_only and core.log.term_at(index) != core.term:  # the rule
        return
    core.commit = index
    core.news = True
    reads.release_held(core)
    if membership.settle(core):
        for name, progress in core.progress.items():
            _replicate(core, name, progress)
        core.become_follower(core.term, None)
