"""Elections: terms, votes, pre-votes (paper 5.1, 5.2, 5.4.1; dissertation 4.2.3, 9.6).

Knows no entries.
"""

from __future__ import annotations

from minicloud.protocols.raft.messages import (
    AnyMessage,
    Appended,
    AppendEntries,
    InstallSnapshot,
    RequestVote,
    Vote,
)
from minicloud.protocols.raft.state.core import Core, Role
from minicloud.protocols.raft.state.members import lost, won

__all__ = ["admit", "campaign", "on_request_vote", "on_vote", "time_out"]


def time_out(core: Core) -> None:
    """No leader was heard for an election timeout (paper 5.2).

    A server with a vote in any members that are not settled campaigns, also where the newest leave
    it out: its log may be the one that the others need (dissertation 4.2.2).
    """
    if any(members.votes(core.name) for members in core.log.members_since(core.commit)):
        campaign(core)
    else:
        core.become_follower(core.term, None)
        core.restart_election_timer()


def campaign(core: Core, *, forced: bool = False) -> None:
    """Stand for election; first ask whether it can be won, unless the leader forced it."""
    if core.rules.prevote and not forced:  # the rule
        core.become_precandidate()
        _ask(core, core.term + 1, pre=True)
    else:
        core.become_candidate()
        _ask(core, core.term, forced=forced)


def _ask(core: Core, term: int, *, pre: bool = False, forced: bool = False) -> None:
    log = core.log
    for name in core.members.electorate():
        if name != core.name:
            ask = RequestVote(core.name, name, term, log.last_index, log.last_term, pre, forced)
            core.outbox.append(ask)
    _count(core)


def admit(core: Core, m: AnyMessage) -> bool:
    """Compare a message's term with one's own (paper 5.1). Returns whether it is to be handled."""
    if m.term < core.term:
        _answer_the_past(core, m)
        return False
    if isinstance(m, RequestVote):
        if core.sticky() and not m.forced:
            return False
        if m.pre:
            return True
    elif isinstance(m, Vote) and m.pre and m.granted:
        return True
    leads = isinstance(m, AppendEntries | InstallSnapshot)
    core.become_follower(m.term, m.sender if leads else None)
    return True


def _answer_the_past(core: Core, m: AnyMessage) -> None:
    """Show a sender with an old term that there is a newer one (paper 5.1): a leader steps down."""
    if isinstance(m, RequestVote):
        core.outbox.append(Vote(core.name, m.sender, core.term, granted=False, pre=m.pre))
    elif isinstance(m, AppendEntries | InstallSnapshot):
        core.outbox.append(Appended(core.name, m.sender, core.term, ok=False, index=0, round=0))


def on_request_vote(core: Core, m: RequestVote) -> None:
    """Vote at most once a term, first come first served (paper 5.2). A pre-vote is no promise."""
    mine, theirs = (core.log.last_term, core.log.last_index), (m.last_term, m.last_index)
    up_to_date = theirs >= mine or not core.rules.log_up_to_date_check  # the rule
    future = m.pre and m.term > core.term
    free = core.vote == m.sender or (core.vote is None and core.leader is None)
    granted = up_to_date and (future or free)
    if granted and not m.pre:
        core.vote = m.sender
        core.restart_election_timer()
    term = m.term if granted else core.term
    core.outbox.append(Vote(core.name, m.sender, term, granted, m.pre))


def on_vote(core: Core, m: Vote) -> None:
    """Count a vote of the election that is going on; of another, forget it."""
    if m.pre:
        expected = core.term + 1 if m.granted else core.term
        counts = core.role is Role.PRECANDIDATE and m.term == expected
    else:
        counts = core.role is Role.CANDIDATE
    if counts:
        core.votes[m.sender] = m.granted
        _count(core)


def _count(core: Core) -> None:
    if won(core.halves, core.votes):
        if core.role is Role.CANDIDATE:
            core.become_leader()
        else:
            core.become_candidate()
            _ask(core, core.term)
    elif lost(core.halves, core.votes):
        core.become_follower(core.term, None)
