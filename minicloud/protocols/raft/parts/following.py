"""The follower's side of the log: entries and snapshots from the leader (paper 5.3, 7).

Knows nothing of who else follows.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import Appended, AppendEntries, InstallSnapshot
from minicloud.protocols.raft.state.core import Core

__all__ = ["on_append_entries", "on_install_snapshot"]


def on_append_entries(core: Core, m: AppendEntries) -> None:
    """Take entries if the log agrees up to where they begin; else say how far it can agree.

    What lies before the base is committed, so every leader has the same there.
    """
    core.hear_leader(m.sender)
    log = core.log
    if m.prev_index >= log.base_index and log.term_at(m.prev_index) != m.prev_term:
        hint = log.newest_not_after(min(m.prev_index, log.last_index), m.prev_term)
        core.outbox.append(
            Appended(
                core.name,
                m.sender,
                core.term,
                False,
                m.prev_index,
                m.round,
                hint,
                log.term_at(hint),
            )
        )
        return
    if m.entries:
        _write(core, m)
    last = m.prev_index + len(m.entries)
    known = last if core.rules.commit_only_what_matched else log.last_index  # the rule
    core.commit = max(core.commit, min(m.commit, known))
    core.outbox.append(Appended(core.name, m.sender, core.term, True, last, m.round))


def _write(core: Core, m: AppendEntries) -> None:
    """Add the entries that are missing, after removing what conflicts (Figure 2, 3 and 4)."""
    log = core.log
    fresh = len(m.entries)
    for k, entry in enumerate(m.entries):
        if entry.index > log.base_index and log.term_at(entry.index) != entry.term:
            fresh = k
            break
    first = m.prev_index + 1 + fresh
    if first <= log.last_index:
        conflict = fresh < len(m.entries)
        if conflict or not core.rules.append_truncates_only_on_conflict:  # the rule
            log.cut(first)
    log.extend(m.entries[fresh:])
    if core.members is not log.members:
        core.adopt_members()


def on_install_snapshot(core: Core, m: InstallSnapshot) -> None:
    """Replace everything by the leader's snapshot, unless its history is here already (paper 7)."""
    core.hear_leader(m.sender)
    snapshot, log = m.snapshot, core.log
    old = snapshot.index <= core.commit and core.rules.ignore_old_snapshots  # the rule
    if not old:
        if log.term_at(snapshot.index) == snapshot.term:
            core.commit = max(core.commit, snapshot.index)
        else:
            _replace(core, m)
    core.outbox.append(Appended(core.name, m.sender, core.term, True, snapshot.index, m.round))


def _replace(core: Core, m: InstallSnapshot) -> None:
    snapshot = core.snapshot = core.new_snapshot = core.restore = m.snapshot
    core.log.reset(snapshot)
    core.commit = core.applied = snapshot.index
    core.adopt_members()
