"""The key-value state beside its slow twin, and rule by rule."""

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from kv_twin import Twin

from minicloud.protocols.kv import (
    Add,
    Cas,
    Change,
    Changes,
    Command,
    Compact,
    Compacted,
    Compare,
    Delete,
    Expire,
    Get,
    Grant,
    KeepAlive,
    KeyValues,
    Put,
    Revoke,
    Scan,
    Transact,
    command_of,
    plain,
    reads,
)
from minicloud.protocols.kv.once import Once
from minicloud.protocols.kv.past import Past
from minicloud.protocols.kv.ranges import only, prefix
from minicloud.protocols.kv.table import Table

KEEP = 4

keys = st.sampled_from(["a", "b", "ba", "c"])
bounds = st.none() | keys
spans = st.integers(1, 6)
leases = st.integers(1, 4)
values = st.sampled_from([0, 1, 2, True, 1.5, "x", [1, True], {"k": 1}])
puts = st.builds(Put, keys, values) | st.builds(Put, keys, values, ttl_ns=spans)
puts |= st.builds(Put, keys, values, lease=leases)
adds = st.builds(Add, keys, st.integers(-2, 2))
steps = st.lists(st.builds(Get, keys) | puts | st.builds(Delete, keys) | adds, max_size=3)
conditions = st.lists(
    st.builds(
        Compare,
        keys,
        st.sampled_from(["value", "revision"]),
        st.sampled_from(["==", "!=", "<", ">"]),
        st.integers(0, 4) | values | st.none(),
    ),
    max_size=2,
)
questions = (
    st.builds(Get, keys)
    | st.builds(Scan, st.just("") | keys, bounds, st.none() | st.integers(0, 3))
    | st.builds(Changes, st.integers(0, 12), st.just("") | keys, bounds, st.integers(1, 4))
)
commands = (
    puts
    | adds
    | st.builds(Delete, keys)
    | st.builds(Cas, keys, st.none() | values, st.none() | values)
    | st.builds(Transact, conditions.map(tuple), steps.map(tuple), steps.map(tuple))
    | st.builds(Grant, spans)
    | st.builds(KeepAlive, leases)
    | st.builds(Revoke, leases)
    | st.builds(Expire)
    | st.builds(Compact, st.integers(0, 12))
    | questions
)
moves = st.lists(
    st.tuples(commands, st.integers(-2, 3), questions, st.integers(0, 4), st.integers(0, 9)),
    max_size=25,
)


def same(done, twin):
    """Equal answers; of a problem only that there is one."""
    if twin.error is not None:
        return done.error is not None and done.position == twin.position
    return done == twin and done.error is None and exact(done.value) == exact(twin.value)


def exact(value):
    return msgspec.json.encode(value)


def follow(story):
    """The first step at which the state and its twin differ; None if there is none."""
    state, twin, now = KeyValues(keep=KEEP), Twin(KEEP), 0
    for step, (command, wait, question, ahead, dice) in enumerate(story):
        now += wait
        before = state.revision
        if not same(state.apply(command, now), twin.apply(command, now)):
            return step
        if not same(state.read(question, now + ahead), twin.read(question, now + ahead)):
            return step
        if state.revision != twin.revision or state.revision < before:
            return step
        due = twin.due()
        if state.next_expiry_ns != (due and due[0]):
            return step
        if state.values() != {key: twin.newest(key)[2] for key in twin.living()}:
            return step
        if dice == 0:
            data = msgspec.msgpack.decode(msgspec.msgpack.encode(state.dump()))
            state = KeyValues(keep=KEEP)
            state.load(data)
            if msgspec.msgpack.encode(state.dump()) != msgspec.msgpack.encode(data):
                return step
    return None


@settings(max_examples=250, deadline=None)
@given(moves)
def test_the_state_and_its_twin_answer_alike(story):
    assert follow(story) is None


# The comparison bites: each mutant is found among plain stories.


def late_expiry(patch):
    patch.setattr(Table, "lives", lambda self, entry, now_ns: True)


def last_that_expires_first(patch):
    def due(self, now_ns):
        over = [end for end in self._ends if end[0] <= now_ns]
        if not over:
            return None
        _, kind, name = over[-1]
        return ([name], 0) if kind == 0 else (self.end(name), name)

    patch.setattr(Table, "due", due)


def split_revisions(patch):
    def since(self, revision, first, last, limit):
        found = [c for c in self._changes if c.revision > revision and first <= c.key]
        found = [c for c in found if last is None or c.key < last]
        return found[:limit], found[limit - 1].revision if len(found) > limit else None

    patch.setattr(Past, "since", since)


def leases_forgotten_in_a_dump(patch):
    real = Table.dump
    patch.setattr(Table, "dump", lambda self: {**real(self), "granted": 0})


def nothing_atomic(patch):
    def transact(self, command):
        values = [self.apply(one).value for one in command.then]
        return type(self.read(Get("a")))([True, values], self.revision, self.revision)

    from minicloud.protocols.kv import state

    patch.setitem(state._APPLY, Transact, transact)


MUTANTS = [
    late_expiry,
    last_that_expires_first,
    split_revisions,
    leases_forgotten_in_a_dump,
    nothing_atomic,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_mutant_is_told_from_the_twin(mutant, monkeypatch):
    mutant(monkeypatch)

    @settings(
        max_examples=1000,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(moves)
    def compare(story):
        assert follow(story) is None

    with pytest.raises(AssertionError):
        compare()


# What the twin and the state might both have wrong.


def test_revisions_count_changes_and_versions_name_the_last_of_a_key():
    state = KeyValues()
    assert state.apply(Put("a", 1)) == state.apply(Get("a")).__class__(None, 1, 1)
    assert state.apply(Put("b", 1)).version == 2
    assert state.apply(Delete("nothing")).position == 2
    assert state.apply(Delete("a")).version == 3
    assert state.read(Get("a")).version == 3
    assert [change.revision for change in state.read(Changes(0)).value] == [1, 2, 3]


def test_what_expires_goes_in_the_order_of_its_time_before_the_command_that_is_stamped_later():
    state = KeyValues()
    lease = state.apply(Grant(20), 0).value
    state.apply(Put("later", 1, ttl_ns=30), 0)
    state.apply(Put("sooner", 1, ttl_ns=10), 0)
    state.apply(Put("y", 1, lease=lease), 0)
    state.apply(Put("x", 1, lease=lease), 0)
    assert state.next_expiry_ns == 10
    state.apply(Put("new", 1), 100)
    assert state.read(Changes(4)).value == [
        Change(5, "sooner", None),
        Change(6, "x", None),
        Change(6, "y", None),
        Change(7, "later", None),
        Change(8, "new", 1),
    ]


def test_a_read_sees_nothing_expired_and_changes_nothing():
    state, lazy = KeyValues(), KeyValues(hide_expired=False)
    for one in (state, lazy):
        one.apply(Put("a", 1, ttl_ns=10), 5)
    assert state.read(Get("a"), 14).value == 1
    assert (state.read(Get("a"), 15).value, lazy.read(Get("a"), 15).value) == (None, 1)
    assert (state.read(Scan(), 15).value, lazy.read(Scan(), 15).value) == ([], [["a", 1]])
    assert state.read(Get("a"), 0).value == 1
    assert lazy.apply(Get("a"), 15).value is None


def test_a_lease_kept_alive_lives_and_its_keys_with_it():
    state = KeyValues()
    lease = state.apply(Grant(10), 0).value
    state.apply(Put("a", 1, lease=lease), 1)
    assert state.apply(KeepAlive(lease), 9).value is True
    assert state.apply(Get("a"), 18).value == 1
    assert state.apply(Get("a"), 19).value is None
    assert state.apply(KeepAlive(lease), 19).value is False
    assert "no lease 1 any more" in state.apply(Put("a", 1, lease=lease), 19).error


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Add("text"), "add 1 to 'text': it holds 'x', no whole number"),
        (Put("a", 1, ttl_ns=1, lease=1), "for a time or by a lease, not by both"),
        (Put("a", None), "None is what a key without a value reads as"),
        (Grant(0), "a lease lasts above 0 ns: 0"),
        (Transact((), (Put("a", 2), Add("text"))), "it holds 'x'"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_says_why(command, words):
    state = KeyValues()
    state.apply(Put("text", "x"))
    before = state.dump()
    done = state.apply(command)
    assert words in done.error
    assert state.dump() == before


def test_a_watcher_who_comes_too_late_is_told_so_and_versions_never_go_back():
    state = KeyValues()
    for value in (1, 2):
        state.apply(Put("a", value))
    state.apply(Delete("a"))
    assert state.apply(Compact(2)).value == 2
    assert state.read(Changes(1)).value == Compacted(2)
    assert [c.revision for c in state.read(Changes(2)).value] == [3]
    assert state.read(Get("a")).version == 3
    state.apply(Put("b", 1))
    assert state.apply(Compact(99)).value == 4
    assert state.read(Get("a")).version == 4
    assert state.read(Changes(4)).value == []


@given(commands)
def test_a_command_survives_being_plain_and_the_wire(command):
    assert command_of(msgspec.msgpack.decode(msgspec.msgpack.encode(plain(command)))) == command
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=Command) == command
    assert reads(command) is isinstance(command, Get | Scan | Changes)


def test_bytes_stay_bytes():
    assert command_of(plain(Put("a", b"\0\xff"))) == Put("a", b"\0\xff")
    state, twin = KeyValues(), KeyValues()
    state.apply(Put("a", b"\0\xff"))
    twin.load(state.dump())
    assert twin.read(Get("a")).value == b"\0\xff"


@given(st.text(max_size=3), st.text(max_size=3))
def test_the_bounds_of_a_prefix_hold_what_begins_so_and_nothing_else(beginning, key):
    first, last = prefix(beginning)
    assert (first <= key and (last is None or key < last)) is key.startswith(beginning)
    first, last = only(beginning)
    assert (first <= key < last) is (key == beginning)


@pytest.mark.parametrize(
    ("held", "asked", "fits"),
    [(1, True, False), (True, True, True), ([1], [True], False), ((1, 2), [1, 2], True)],
)
def test_true_is_not_one_and_a_tuple_is_a_list(held, asked, fits):
    state = KeyValues()
    state.apply(Put("a", held))
    assert state.apply(Cas("a", asked, "new")).value is fits
    twin = Twin(KEEP)
    twin.apply(Put("a", held), 0)
    assert twin.apply(Cas("a", asked, "new"), 0).value is fits


# Requests that come twice.


def test_a_copy_of_a_request_is_answered_as_the_first_and_changes_nothing():
    once = Once(KeyValues())
    first = once.apply(Add("n"), 0, "alice", 1)
    assert once.apply(Add("n"), 0, "alice", 1) == first
    assert once.apply(Add("n"), 0, "bob", 1).value == 2
    again = Once(KeyValues())
    again.load(msgspec.msgpack.decode(msgspec.msgpack.encode(once.dump())))
    assert again.apply(Add("n"), 0, "alice", 1) == first
    assert again.state.read(Get("n")).value == 2


def test_what_a_client_waits_for_no_more_is_forgotten_and_not_done():
    once = Once(KeyValues())
    once.apply(Add("n"), 0, "alice", 2, 2)
    assert once.apply(Add("n"), 0, "alice", 1, 1) is None
    assert once.over("alice", 1)
    assert not once.over("alice", 2)
    once.apply(Add("n"), 0, "alice", 3, 3)
    assert once.answer("alice", 2) is None
    assert once.answer("alice", 3).value == 2
