"""The pieces of Raft by themselves: majorities, the log, the disk, sessions, the front door."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raft_script import Script
from raft_stories import led

import minicloud.protocols.raft
from minicloud.errors import UsageError
from minicloud.protocols.raft import (
    Answer,
    AnyMessage,
    AppendEntries,
    Entry,
    Expired,
    Members,
    Persist,
    Placed,
    Raft,
    Refused,
    Register,
    Request,
    Role,
    Rules,
    Sessions,
    Settings,
    Snapshot,
    fresh,
    replay,
)
from minicloud.protocols.raft.state.log import Log
from minicloud.protocols.raft.state.members import agreed, lost, won

ABC = Members(("a", "b", "c"))
names = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=5).map(tuple)
halves = st.tuples(names, names)


def slowly_agreed(groups, values):
    """The obvious way: try every number, count who has reached it."""
    voting = [group for group in groups if group]
    if not voting:
        return 0
    reached = 0
    for number in sorted(values.values()):
        if all(sum(values.get(n, 0) >= number for n in g) * 2 > len(g) for g in voting):
            reached = number
    return reached


@given(halves, st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 9)))
def test_agreed_is_what_counting_says(groups, values):
    assert agreed(groups, values) == slowly_agreed(groups, values)


@given(halves, st.dictionaries(st.sampled_from("abcdefg"), st.booleans()))
def test_an_election_is_never_both_won_and_lost_and_is_one_when_all_have_voted(groups, votes):
    assert not (won(groups, votes) and lost(groups, votes))
    voters = [name for group in groups for name in group]
    yes = dict.fromkeys(voters, True)
    assert won(groups, yes) == bool(voters)
    assert (
        won(groups, {**yes, **votes}) or not all({**yes, **votes}[n] for n in voters) or not voters
    )


@given(halves, st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from("xyn")))
def test_two_candidates_of_one_electorate_cannot_both_win(groups, votes):
    x = {name: vote == "x" for name, vote in votes.items()}
    y = {name: vote == "y" for name, vote in votes.items()}
    assert not (won(groups, x) and won(groups, y))


def entries(*terms, first=1):
    return tuple(Entry(first + k, term, f"c{first + k}") for k, term in enumerate(terms))


def test_the_log_knows_its_terms_and_forgets_below_its_base():
    log = Log(Snapshot(0, 0, ABC), entries(1, 1, 2))
    log.compact(2)
    assert [log.term_at(i) for i in range(5)] == [-1, -1, 1, 2, -1]
    assert (log.base_index, log.last_index, log.last_term) == (2, 3, 2)
    assert log.newest_not_after(3, 1) == 2
    assert log.newest_not_after(1, 0) == 1


def test_members_go_back_when_their_entry_is_removed():
    wider = Members(("a", "b", "c", "d"))
    log = Log(Snapshot(0, 0, ABC), entries(1))
    log.extend((Entry(2, 1, kind="members", members=wider),))
    assert (log.members, log.members_index, log.members_at(1)) == (wider, 2, ABC)
    log.cut(2)
    assert (log.members, log.members_index) == (ABC, 0)


def test_compacting_keeps_the_members_of_the_base():
    wider = Members(("a", "b", "c", "d"))
    log = Log(Snapshot(0, 0, ABC), entries(1))
    log.extend((Entry(2, 1, kind="members", members=wider), *entries(1, 1, first=3)))
    log.compact(3)
    assert (log.members, log.members_at(3)) == (wider, wider)


def test_records_of_a_disk_give_back_the_state():
    start = fresh(ABC)
    written = [
        Persist(1, "a", None, entries(1, 1, 1)),
        Persist(2, None, None, entries(2, first=3)),
        Persist(2, "b", Snapshot(2, 1, ABC, "two")),
        Persist(2, "b", None, entries(2, first=4)),
    ]
    stored = replay(start, written)
    assert (stored.term, stored.vote, stored.snapshot.data) == (2, "b", "two")
    assert [(e.index, e.term) for e in stored.entries] == [(3, 2), (4, 2)]


def test_a_snapshot_of_another_history_empties_the_log_on_the_disk():
    written = [Persist(1, None, None, entries(1, 1, 1)), Persist(3, None, Snapshot(2, 2, ABC))]
    assert replay(fresh(ABC), written).entries == ()


def test_messages_travel_as_json_and_as_msgpack():
    s = Script("n1 n2")
    s.stand("n1", "n2")
    seen = []
    while s.wire:
        seen += s.wire
        s.step()
    assert any(isinstance(m, AppendEntries) for m in seen)
    for codec in (msgspec.json, msgspec.msgpack):
        assert [codec.decode(codec.encode(m), type=AnyMessage) for m in seen] == seen


# --- the front door


def alone(**kwargs):
    raft = Raft("n1", fresh(Members(("n1",))), draw=lambda: 10, **kwargs)
    raft.tick(10)
    return raft


def test_a_cluster_of_one_commits_by_itself():
    raft = alone()
    assert (raft.role, raft.leads, raft.leader) == (Role.LEADER, True, "n1")
    assert raft.propose("x") == Placed(2, 1)
    raft.read("r")
    output = raft.take()
    assert [entry.command for entry in output.apply] == [None, "x"]
    assert output.persist.term == 1
    assert [(read.key, read.index) for read in output.reads] == [("r", 2)]
    assert not raft.take()


def test_a_follower_refuses_and_says_who_leads():
    s = led("n1 n2 n3", "n1")
    assert s.rafts["n2"].propose("x") == Refused("not the leader", "n1")


def test_a_successor_that_is_removed_meanwhile_is_no_successor():
    s = led("n1 n2 n3", "n1")
    s.separate("n1 n2", "n3")
    s.do("n1", "change", Members(("n1", "n2")))
    s.do("n1", "transfer", "n3")
    assert isinstance(s.rafts["n1"].propose("x"), Refused)
    s.settle()
    assert s.rafts["n1"].members == Members(("n1", "n2"))
    assert isinstance(s.rafts["n1"].propose("x"), Placed)


def test_an_answer_may_end_the_membership_of_who_gave_it():
    s = led("n1 n2 n3", "n1")
    s.do("n1", "change", Members(("n1", "n2")))
    s.do("n1", "transfer", "n3")
    s.settle()
    assert s.rafts["n2"].members == Members(("n1", "n2"))


def test_a_leader_shows_its_lease_and_how_far_the_others_are():
    s = led("n1 n2 n3", "n1")
    s.rafts["n1"].propose("x")
    assert s.rafts["n1"].matched == {"n2": 1, "n3": 1}
    assert s.rafts["n2"].matched == {}
    assert (s.rafts["n1"].has_lease, s.rafts["n2"].has_lease) == (True, False)
    s.rafts["n1"].tick(9)
    assert not s.rafts["n1"].has_lease


def test_a_new_leader_without_a_commit_has_no_lease():
    s = Script("n1 n2 n3")
    s.stand("n1", "n2 n3")
    while not s.rafts["n1"].leads:
        s.step()
    assert not s.rafts["n1"].has_lease


@pytest.mark.parametrize(("bound", "stale"), [(0.0, True), (0.5, False)])
def test_a_lease_is_as_good_as_the_bound_on_drift(bound, stale):
    """n1's clock runs at 0.4 of the others': a bound of 0.5 allows for 1/3, one of 0 for 1."""
    lengths = Settings(election_ticks=10, heartbeat_ticks=2, max_drift=bound)
    s = led("n1 n2 n3", "n1", settings=lengths)
    s.separate("n1", "n2 n3")
    s.do("n1", "tick", 8)
    s.stand("n2", "n3")
    s.settle()
    s.do("n2", "propose", "new")
    s.settle()
    assert s.rafts["n2"].commit == 3
    s.do("n1", "read", "r", lease=True)
    assert ("    n1 may answer r at 1" in s.lines) == stale


def test_due_says_when_a_tick_matters():
    s = led("n1 n2 n3", "n1")
    assert (s.rafts["n1"].due, s.rafts["n2"].due) == (2, 20)
    s.rafts["n2"].tick(19)
    assert not s.rafts["n2"].take()
    assert s.rafts["n2"].due == 1


def test_nothing_is_sent_before_it_is_written_unless_the_rule_is_off():
    for rule in (True, False):
        raft = Raft(
            "a", fresh(ABC), draw=lambda: 10, rules=Rules(persist_before_send=rule, prevote=False)
        )
        raft.tick(10)
        output = raft.take()
        assert (bool(output.early), bool(output.send)) == (not rule, rule)


def test_compacting_ahead_is_a_mistake_and_behind_is_nothing():
    raft = alone()
    raft.propose("x")
    raft.take()
    with pytest.raises(UsageError, match="only 2 entries were given out"):
        raft.compact(3, "state")
    raft.compact(2, "state")
    assert raft.take().persist.snapshot.data == "state"
    raft.compact(1, "older")
    assert not raft.take()


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ({"heartbeat_ticks": 10}, "more often than elections"),
        ({"heartbeat_ticks": 0}, "more often than elections"),
        ({"max_drift": 1.0}, "below 1"),
        ({"batch": 0}, "at least 1 entry"),
    ],
)
def test_lengths_that_no_leader_could_keep(lengths, words):
    with pytest.raises(UsageError, match=words):
        Settings(**lengths)


def test_a_draw_below_the_least_timeout_is_a_mistake():
    with pytest.raises(UsageError, match="election timeout is at least"):
        Raft("n1", fresh(ABC), draw=lambda: 9)


def test_every_rule_is_applied_in_one_place_that_says_so():
    package = Path(minicloud.protocols.raft.__file__).parent
    lines = [line for path in package.rglob("*.py") for line in path.read_text("utf-8").split("\n")]
    for rule in msgspec.structs.asdict(Rules()):
        used = [line for line in lines if f"rules.{rule}" in line]
        assert len(used) == 1, rule
        assert used[0].rstrip().endswith("# the rule"), rule


# --- sessions (dissertation 6.3)


class Counter:
    def __init__(self, **kwargs):
        self.value = 0
        self.sessions = Sessions(self.add, **kwargs)
        self.index = 0

    def add(self, amount):
        self.value += amount
        return self.value

    def __call__(self, command):
        self.index += 1
        return self.sessions.apply(Entry(self.index, 1, command))


def test_a_request_that_comes_again_is_answered_and_not_applied():
    counter = Counter()
    assert counter(Register()) == Answer(1)
    assert counter(Request(1, 1, 5)) == Answer(5)
    assert counter(Request(1, 1, 5)) == Answer(5, again=True)
    assert counter.value == 5


def test_without_sessions_it_is_applied_again():
    counter = Counter(rules=Rules(sessions=False))
    counter(Register())
    counter(Request(1, 1, 5))
    counter(Request(1, 1, 5))
    assert counter.value == 10


def test_answers_go_when_the_client_has_had_them():
    counter = Counter()
    counter(Register())
    counter(Request(1, 1, 5))
    counter(Request(1, 2, 5, acknowledged=2))
    assert counter(Request(1, 1, 5)) == Expired()
    assert counter.value == 10


def test_requests_of_one_client_may_overtake_each_other():
    counter = Counter()
    counter(Register())
    assert counter(Request(1, 2, 20)) == Answer(20)
    assert counter(Request(1, 1, 1)) == Answer(21)
    assert counter(Request(1, 2, 20)) == Answer(20, again=True)


def test_the_session_used_longest_ago_makes_room():
    counter = Counter(limit=2)
    for _ in range(2):
        counter(Register())
    counter(Request(1, 1, 5))
    counter(Register())
    assert counter(Request(2, 1, 5)) == Expired()
    assert counter(Request(1, 1, 5)) == Answer(5, again=True)


def test_a_snapshot_carries_the_sessions():
    one, other = Counter(), Counter()
    one(Register())
    one(Request(1, 1, 5))
    dumped = msgspec.msgpack.decode(msgspec.msgpack.encode(one.sessions.dump()))
    other.sessions.load(dumped)
    other.index = one.index
    assert other(Request(1, 1, 5)) == Answer(5, again=True)
    assert other.value == 0
