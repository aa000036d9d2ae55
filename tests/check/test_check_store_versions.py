"""What the real state machine did, with the versions that it told, is convicted by no check.

Where nobody was told that a value was taken away, versions say less than they seem to: who deletes
what is not there is told the version of the one who did.
"""

import random

import msgspec
import pytest
import slow_store as slow
from store_worlds import CHECKS

from minicloud.check import (
    History,
    Verdict,
    session_guarantees,
)
from minicloud.protocols.kv import Add, Cas, Compare, Delete, Get, Put, Scan, Transact
from minicloud.protocols.kv.commands import Expire, ReadCommand
from minicloud.protocols.kv.state import KeyValues
from minicloud.services.kv.client.words import told_of, version_of


def transaction(rng, value):
    one = [Put("x", value), Add("y", 1), Get("y"), Delete("x")]
    when = [Compare("x", "value", "==", rng.choice([None, 1, 2]))] * rng.randint(0, 1)
    otherwise = [Put("y", value), Get("x")][: rng.randint(0, 2)]
    return Transact(tuple(when), tuple(rng.sample(one, 2)), tuple(otherwise))


def asked(rng, number):
    """(f, key, argument, command) of a random request."""
    key, value = rng.choice("xy"), rng.choice([number + 10, rng.randint(0, 2)])
    old, lived, told = rng.choice([None, 0, 1, 2]), rng.randint(1, 6), transaction(rng, value)
    return rng.choice(
        [
            ("read", key, None, Get(key)),
            ("read", key, None, Get(key)),
            ("write", key, value, Put(key, value)),
            ("write", key, value, Put(key, value)),
            ("lend", key, value, Put(key, value, lived)),
            ("write", key, None, Delete(key)),
            ("add", key, 1, Add(key, 1)),
            ("cas", key, [old, value], Cas(key, old, value)),
            ("scan", None, ["", None, None], Scan()),
            ("transact", None, told_of(told), told),
            ("transact", None, told_of(told), told),
        ]
    )


def carried_out(state, command, now):
    if state.next_expiry_ns is not None and state.next_expiry_ns <= now:
        state.apply(Expire(), now)
    return (state.read if isinstance(command, ReadCommand) else state.apply)(command, now)


def answer(f, done):
    if f == "scan":
        return [list(pair[:2]) for pair in done.value]
    if f == "transact":
        return [bool(done.value[0]), list(done.value[1])]
    return None if f in {"write", "lend"} else msgspec.to_builtins(done.value)


def versioned(seed):
    rng, history, state = random.Random(seed), History(), KeyValues()
    busy, process, left, now = {}, {"a": 0, "b": 100, "c": 200}, rng.randint(3, 9), 0
    while left or busy:
        who, now = rng.choice("abc"), now + 1
        if who not in busy and left:
            left -= 1
            f, key, argument, command = asked(rng, left)
            at = history.invoke(
                time=now, process=process[who], f=f, key=key, value=argument, client=who
            )
            busy[who] = [at, f, command, None]
        elif who in busy and busy[who][3] is None:
            busy[who][3] = carried_out(state, busy[who][2], now)
        elif who in busy:
            at, f, command, done = busy.pop(who)
            lost = rng.random() < 0.15
            process[who] += lost
            if lost:
                history.complete(at, time=now, type="info")
            elif done.error:
                history.complete(at, time=now, type="fail")
            else:
                version = version_of(command, done)
                history.complete(at, time=now, type="ok", value=answer(f, done), version=version)
    return history


@pytest.mark.parametrize("name", CHECKS)
def test_what_one_copy_did_is_convicted_by_no_check(name):
    judged = {seed: CHECKS[name].judge(versioned(seed)) for seed in range(250)}
    wrong = {seed: one.why for seed, one in judged.items() if one.verdict is Verdict.INVALID}
    assert wrong == {}
    assert sum(one.verdict is Verdict.VALID for one in judged.values()) > 60


def test_the_twin_says_so_too():
    assert all(slow.linearizable(versioned(seed).operations()) for seed in range(60))


def told(*operations):
    """(f, key, argument, result, version) of one session, one after the other."""
    history = History()
    for number, (f, key, argument, result, version) in enumerate(operations):
        at = history.invoke(time=2 * number, process=0, f=f, key=key, value=argument, client="a")
        history.complete(at, time=2 * number + 1, type="ok", value=result, version=version)
    return history


BOTH = {"when": [], "then": [["put", "y", 1], ["get", "x"]], "otherwise": []}
GONE = {
    "who-deletes-nothing-made-nothing": [
        ("read", "x", None, None, 0),
        ("write", "x", None, None, 0),
        ("read", "x", None, None, 0),
        ("add", "y", 1, 1, 1),
    ],
    "what-a-transaction-missed-is-older-than-what-it-made": [
        ("scan", None, ["", None, None], [], 0),
        ("transact", None, BOTH, [True, [None, None]], 1),
        ("add", "x", 1, 1, 2),
        ("read", "y", None, 1, 1),
    ],
}


@pytest.mark.parametrize("operations", GONE.values(), ids=GONE)
@pytest.mark.parametrize("name", CHECKS)
def test_versions_of_nothing_convict_nobody(name, operations):
    judged = CHECKS[name].judge(told(*operations))
    assert judged.verdict is not Verdict.INVALID, judged.why


def test_a_delete_that_took_something_is_still_seen_by_its_session():
    taken = [("write", "x", 1, None, 1), ("write", "x", None, None, 2), ("read", "x", None, 1, 1)]
    assert session_guarantees().judge(told(*taken)).verdict is Verdict.INVALID
