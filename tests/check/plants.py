"""Small histories of a store by hand, the checks of all levels, and whom each plant convicts."""

from minicloud.check import (
    History,
    bounded_staleness,
    causal,
    consistent_prefix,
    linearizable,
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    sequential,
    session_guarantees,
    writes_follow_reads,
)

MS = 1_000_000
ALL = {
    "ryw": read_your_writes(),
    "mr": monotonic_reads(),
    "mw": monotonic_writes(),
    "wfr": writes_follow_reads(),
    "session": session_guarantees(),
    "prefix": consistent_prefix(),
    "plain": causal(form="plain"),
    "causal": causal(),
    "memory": causal(form="memory"),
    "sequential": sequential(),
    "stale": bounded_staleness(versions=0),
    "linearizable": linearizable("store"),
}


def w(who, key, value, version=None, kind="ok", session=None):
    return (who, "write", key, value, kind, None, version, session)


def r(who, key, value, version=None, session=None):
    return (who, "read", key, None, "ok", value, version, session)


def scan(who, found, version=None):
    return (who, "scan", None, ["", None, None], "ok", found, version, None)


def told(*operations, service=None):
    """Operations, one after the other; each takes a millisecond."""
    history = History()
    for number, (who, f, key, argument, kind, result, version, session) in enumerate(operations):
        at = history.invoke(
            time=2 * number * MS,
            process=number,
            f=f,
            key=key,
            value=argument,
            client=who,
            session=session,
            service=service,
        )
        history.complete(at, time=(2 * number + 1) * MS, type=kind, value=result, version=version)
    return history


# What is planted, and who convicts it; everybody else must not.
ONE = w("ann", "x", 1, 1)
TWO = w("ann", "x", 2, 2)
PLANTS = {
    "a read before one's own write": (
        [w("bob", "x", 1, 1), TWO, r("ann", "x", 1, 1)],
        "ryw session causal stale linearizable",
    ),
    "a read that goes back": (
        [ONE, TWO, r("bob", "x", 2, 2), r("bob", "x", 1, 1)],
        "mr session plain causal memory sequential stale linearizable",
    ),
    "a write that goes under one's own": (
        [w("ann", "x", 1, 2), w("ann", "x", 2, 1), r("bob", "x", 1, 2)],
        "mw session linearizable causal",
    ),
    "a write under what one has read": (
        [w("ann", "x", 1, 2), r("bob", "x", 1, 2), w("bob", "x", 2, 1), r("cat", "x", 1, 2)],
        "wfr session linearizable causal",
    ),
    "an old read": ([ONE, TWO, r("bob", "x", 1, 1)], "stale linearizable"),
    "an effect without its cause": (
        [ONE, r("bob", "x", 1, 1), w("bob", "y", 1, 2), r("cat", "y", 1, 2), r("cat", "x", None)],
        "plain causal memory sequential stale linearizable",
    ),
    "two orders of two keys": (
        [
            w("ann", "x", 1, 1),
            w("bob", "y", 1, 2),
            r("cat", "x", 1, 1),
            r("cat", "y", None),
            r("dan", "y", 1, 2),
            r("dan", "x", None),
        ],
        "sequential stale linearizable",
    ),
    "a cut that never was": (
        [w("ann", "x", 1, 1), w("bob", "y", 1, 2), scan("cat", [["y", 1]])],
        "prefix stale linearizable",
    ),
    "a cut that ends too early": (
        [w("ann", "x", 1, 1), w("bob", "x", 2, 2), scan("cat", [["x", 1]], 2)],
        "prefix stale linearizable",
    ),
    "a write without the session's first": (
        [w("ann", "x", 1, 1), w("ann", "y", 1, 2), scan("cat", [["y", 1]])],
        "mw session prefix plain causal memory sequential stale linearizable",
    ),
    "what nobody wrote": ([ONE, r("bob", "x", 9)], " ".join(ALL)),
    "what failed": (
        [w("ann", "x", 9, kind="fail"), w("bob", "x", 1, 1), r("bob", "x", 9)],
        " ".join(ALL),
    ),
    "two values of one version": (
        [ONE, r("bob", "x", 1, 1), w("bob", "x", 2, 1), r("bob", "x", 2, 1)],
        " ".join(name for name in ALL if name != "linearizable"),
    ),
}


def verdict(check, *operations):
    """What a check says of operations, one after the other."""
    return check.judge(told(*operations)).verdict


GOOD = [
    ONE,
    r("bob", "x", 1, 1),
    w("bob", "y", 5, 2),
    scan("cat", [["x", 1], ["y", 5]], 2),
    w("ann", "x", 2, 3),
    r("ann", "x", 2, 3),
    r("ann", "x", 2, 3),
    w("ann", "y", 6, 4),
]
