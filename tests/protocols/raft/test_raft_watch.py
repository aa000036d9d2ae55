"""The watch of Raft's safety bites: each property is broken by hand, and what is right is left."""

import pytest

from minicloud.protocols.raft import Broken, Entry, Role, Watch


class Server:
    """What a watch looks at, to be set at will."""

    def __init__(self, name, *terms, term=1, leads=False, applied=0, base=0):
        self.name, self.term, self.base = name, term, base
        self.role = Role.LEADER if leads else Role.FOLLOWER
        self.log = [Entry(k, of, f"c{k}") for k, of in enumerate(terms, base + 1)]
        self.base_term, self.applied = 0, applied

    @property
    def commit(self):
        return self.applied

    @property
    def leads(self):
        return self.role is Role.LEADER

    @property
    def last_index(self):
        return self.base + len(self.log)

    def term_at(self, index):
        if index == self.base:
            return self.base_term
        k = index - self.base - 1
        return self.log[k].term if 0 <= k < len(self.log) else -1

    def entries(self, first, limit):
        k = first - self.base - 1
        return tuple(self.log[k : k + limit])


@pytest.fixture
def watch():
    return Watch()


def broken(watch, server, words):
    with pytest.raises(Broken, match=words):
        watch.look(server)


def test_two_leaders_of_a_term(watch):
    watch.look(Server("a", 1, leads=True))
    watch.look(Server("b", 1))
    broken(watch, Server("b", 1, leads=True), "election safety: a and b lead term 1")


def test_a_leader_may_lead_again_in_a_later_term(watch):
    watch.look(Server("a", 1, leads=True))
    watch.look(Server("a", 1, 2, leads=True, term=2))


def test_a_leader_that_removes_or_changes_an_entry(watch):
    leader = Server("a", 1, 1, leads=True)
    watch.look(leader)
    leader.log.pop()
    broken(watch, leader, "leader append-only: a changed its log in term 1")
    other = Server("b", 2, 2, leads=True, term=2)
    watch.look(other)
    other.log[1] = Entry(2, 1, "c2")
    broken(watch, other, "append-only|log matching")


def test_a_leader_that_compacts_changes_nothing(watch):
    leader = Server("a", 1, 1, 1, leads=True, applied=3)
    watch.look(leader)
    leader.base, leader.base_term, leader.log = 3, 1, []
    watch.look(leader)


def test_one_place_and_term_with_two_meanings(watch):
    watch.look(Server("a", 1, 1))
    other = Server("b", 1, 1)
    other.log[1] = Entry(2, 1, "another")
    broken(watch, other, "log matching: b has command 'another' at 2 of term 1")


def test_one_place_and_term_after_two_histories(watch):
    watch.look(Server("a", 1, 3, term=3))
    broken(watch, Server("b", 2, 3, term=3), "after term 2, where another has .* after term 1")


def test_a_leader_that_lacks_what_was_applied(watch):
    watch.look(Server("a", 1, 1, applied=2))
    short, other = Server("b", 1, leads=True, term=2), Server("c", 1, 2, leads=True, term=3)
    broken(watch, short, "leader completeness: b leads term 2 with nothing at 2, where term 1")
    broken(watch, other, "leader completeness: c leads term 3 with term 2 at 2")


def test_two_entries_applied_at_one_place(watch):
    watch.look(Server("a", 1, 1, applied=2))
    broken(watch, Server("b", 1, 2, applied=2), "b applies the entry of term 2 at 2")


def test_a_state_machine_that_goes_back(watch):
    server = Server("a", 1, 1, applied=2)
    watch.look(server)
    server.applied = 1
    broken(watch, server, "a goes back from 2 to 1")


def test_a_restart_may_begin_from_its_snapshot(watch):
    watch.look(Server("a", 1, 1, applied=2))
    watch.look(Server("a", 1, 1, applied=0))


def test_a_commit_beyond_the_end_of_the_log(watch):
    broken(watch, Server("a", 1, applied=2), "a commits 2 and its log ends at 1")


def test_a_snapshot_in_place_of_another_history_is_no_history(watch):
    """What b had below the snapshot was never committed, and must not count as applied."""
    watch.look(Server("a", 2, 2, 2, applied=3))
    late = Server("b", 1)
    watch.look(late)
    late.log, late.base, late.base_term, late.applied = [], 3, 2, 3
    watch.look(late)


def test_a_snapshot_that_ends_in_another_entry(watch):
    watch.look(Server("a", 2, 2, applied=2))
    late = Server("b", base=2, applied=2)
    late.base_term = 1
    broken(watch, late, "b applies the entry of term 1 at 2")


def test_the_state_machine_may_be_behind_what_was_given_out(watch):
    server = Server("a", 1, 1, applied=2)
    watch.look(server, 1)
    assert watch.last_applied == 1
    watch.look(server, 2)
    assert watch.newest == Entry(2, 1, "c2")
