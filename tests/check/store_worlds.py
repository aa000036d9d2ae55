"""Small histories of a store whose entries may end by themselves, at random or written down."""

import random
from collections import Counter

import slow_store as slow

from minicloud.check import (
    History,
    Verdict,
    bounded_staleness,
    causal,
    consistent_prefix,
    linearizable,
    sequential,
    session_guarantees,
)

KEYS = ("x", "y")

CHECKS = {
    "linearizable": linearizable("store"),
    "sequential": sequential(),
    "session": session_guarantees(),
    "prefix": consistent_prefix(),
    "versions": bounded_staleness(versions=0),
    "seconds": bounded_staleness(seconds=0),
    "plain": causal(form="plain"),
    "memory": causal(form="memory"),
    "convergent": causal(),
}


def asks(rng, words, number):
    """(f, key, argument) of a random request; few values, so that much is equal."""
    f, key, few = rng.choice(words), rng.choice(KEYS), rng.randint(0, 3)
    if f == "transact":
        one = [["put", "x", few], ["add", "y", 1], ["get", "y"], ["delete", "x"]]
        told = {
            "when": [["x", "value", "==", rng.choice([None, 1, 2])]] * rng.randint(0, 1),
            "then": rng.sample(one, 2),
            "otherwise": [["put", "y", few], ["get", "x"]][: rng.randint(0, 2)],
        }
        return f, None, told
    argument = {
        "write": rng.choice([None, few, few, number + 10]),
        "lend": few,
        "cas": [rng.choice([None, 0, 1, 2]), rng.randint(0, 3)],
        "add": rng.randint(1, 2),
        "scan": ["", rng.choice([None, "y"]), rng.choice([None, None, 1])],
    }.get(f)
    return f, None if f == "scan" else key, argument


class Asked:
    """What the slow model takes for an operation that returned."""

    def __init__(self, f, key, argument, result=None):
        self.f, self.key, self.argument, self.result = f, key, argument, result
        self.outcome = "info"


def answers(state, f, key, argument, rng):
    """(state, result): the result of a store that keeps its word, now and then another."""
    entries = rng.choice(slow.endings({k: (v, lent) for k, v, lent in state}))
    held = {k: v for k, (v, _) in entries.items()}
    result = None
    if f == "read":
        result = held.get(key)
    elif f == "cas":
        result = held.get(key) == argument[0]
    elif f == "add":
        result = held.get(key, 0) + argument
    elif f == "scan":
        inside = [k for k in sorted(held) if argument[1] is None or k < argument[1]]
        result = [[k, held[k]] for k in inside][: argument[2]]
    elif f == "transact":
        took = all(held.get(c[0]) == c[3] for c in argument["when"])
        values = []
        for command in argument["then" if took else "otherwise"]:
            values.append(held.get(command[1]) if command[0] == "get" else None)
            if command[0] == "put":
                held[command[1]] = command[2]
            elif command[0] == "delete":
                held.pop(command[1], None)
            elif command[0] == "add":
                values[-1] = held[command[1]] = held.get(command[1], 0) + command[2]
        result = [took, values]
    asked = Asked(f, key, argument, result)
    asked.outcome = "ok"
    left = tuple(sorted((k, *v) for k, v in entries.items()))
    after = slow.acts({k: (v, lent) for k, v, lent in left}, asked)
    return tuple(sorted((k, *v) for k, v in after[0].items())) if after else left, result


def world(seed, words, *, lie=0.15, most=9):
    rng, history, state = random.Random(seed), History(), ()
    busy, process = {}, {"a": 0, "b": 100, "c": 200}
    left = rng.randint(3, most)
    while left or busy:
        who, now = rng.choice("abc"), len(history)
        if who not in busy and left:
            left -= 1
            f, key, argument = asks(rng, words, left)
            at = history.invoke(
                time=now, process=process[who], f=f, key=key, value=argument, client=who
            )
            busy[who] = [at, f, key, argument, False, None]
        elif who in busy and not busy[who][4]:
            at, f, key, argument, _, _ = busy[who]
            before = state
            state, result = answers(state, f, key, argument, rng)
            if rng.random() < lie:
                state = before
            busy[who][4:] = [True, result]
        elif who in busy:
            at, f, _, _, _, result = busy.pop(who)
            lost = rng.random() < 0.15
            process[who] += lost
            history.complete(at, time=now, type="info" if lost else "ok", value=result)
    return history


WORDS = {
    "register": ["read", "read", "write"],
    "cas": ["read", "write", "cas"],
    "sums": ["read", "add", "add", "write"],
    "scans": ["scan", "scan", "write", "write", "read"],
    "transactions": ["transact", "transact", "read", "write", "scan"],
    "all": ["read", "write", "cas", "add", "scan", "transact"],
    "lent": ["lend", "read", "write", "cas", "scan", "add"],
    "lent-transactions": ["lend", "transact", "transact", "read"],
    "everything": ["lend", "lend", "transact", "read", "write", "add", "cas", "scan"],
}


def recorded(*operations, client=None):
    """(f, key, argument, result), one after the other; result "?": nobody knows."""
    history = History()
    for number, (f, key, argument, result) in enumerate(operations):
        at = history.invoke(
            time=2 * number, process=number, f=f, key=key, value=argument, client=client
        )
        lost = result == "?"
        history.complete(at, time=2 * number + 1, type="info" if lost else "ok", value=result)
    return history


def judged_alike(check, twin, words, seeds, **options):
    """How often each verdict was given; where there is one, it is the twin's."""
    counts = Counter()
    for seed in range(seeds):
        history = world(seed, WORDS[words], **options)
        judged = check.judge(history)
        counts[judged.verdict] += 1
        if judged.verdict is not Verdict.UNKNOWN:
            fits = twin(history.operations())
            assert (judged.verdict is Verdict.VALID) == fits, (seed, judged.why)
    return counts
