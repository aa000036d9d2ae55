"""Replicas of a CRDT, and the slow twin of each: what the operations that were met come to.

A world is played from a script: a replica does an operation, or merges what another holds, or what
it held at some time before. The twin keeps for each replica the set of operations it has met, each
with those that had been met where it was done, and works the value out from nothing else.
"""

from hypothesis import strategies as st

from minicloud.protocols.crdt import (
    GCounter,
    LwwMap,
    LwwRegister,
    MvRegister,
    OrMap,
    OrSet,
    PNCounter,
)
from minicloud.protocols.versions import Version

REPLICAS = ("a", "b", "c")


class Op:
    """An operation: what it was, by whom, and which operations had been met there."""

    def __init__(self, number, replica, what, met):
        self.number, self.replica, self.what, self.met = number, replica, what, met
        # Of one writer they rise; two writers may well choose the same counter.
        self.version = Version(1 + sum(op.replica == replica for op in met), replica)


def newest(ops):
    return max(ops, key=lambda op: op.version, default=None)


class Counter:
    """A counter's words and its twin."""

    def __init__(self, form):
        self.form = form
        self.words = st.integers(0 if form is GCounter else -3, 3)

    def do(self, state, op):
        return state.add(op.replica, op.what)

    def twin(self, met):
        return sum(op.what for op in met)


class Last:
    form = LwwRegister
    words = st.integers(0, 9)

    def do(self, state, op):
        return state.write(op.version, op.what)

    def twin(self, met):
        best = newest(met)
        return None if best is None else best.what


class Unseen:
    form = MvRegister
    words = st.integers(0, 9)

    def do(self, state, op):
        return state.write((op.replica, op.number), op.what)

    def twin(self, met):
        left = [op for op in met if not any(op in other.met for other in met)]
        return [op.what for op in sorted(left, key=lambda op: (op.replica, op.number))]


class Elements:
    form = OrSet
    words = st.tuples(st.sampled_from(["in", "out"]), st.sampled_from(["milk", "tea"]))

    def do(self, state, op):
        kind, element = op.what
        if kind == "in":
            return state.include((op.replica, op.number), element)
        return state.exclude(element)

    def twin(self, met):
        """An element is in if some inclusion of it was met by no exclusion of it."""
        found = set()
        for op in met:
            outs = [o for o in met if o.what == ("out", op.what[1])]
            if op.what[0] == "in" and not any(op in out.met for out in outs):
                found.add(op.what[1])
        return sorted(found)


class Fields:
    form = LwwMap
    words = st.tuples(st.sampled_from(["x", "y"]), st.none() | st.integers(0, 9))

    def do(self, state, op):
        return state.put(op.version, *op.what)

    def twin(self, met):
        found = {}
        for field in ("x", "y"):
            best = newest([op for op in met if op.what[0] == field])
            if best is not None and best.what[1] is not None:
                found[field] = best.what[1]
        return found


class UnseenFields:
    form = OrMap
    words = st.tuples(st.sampled_from(["x", "y"]), st.none() | st.integers(0, 9))

    def do(self, state, op):
        field, value = op.what
        if value is None:
            return state.drop(field)
        return state.put((op.replica, op.number), field, value)

    def twin(self, met):
        found = {}
        for op in sorted(met, key=lambda op: (op.replica, op.number)):
            same = [o for o in met if o.what[0] == op.what[0]]
            if op.what[1] is not None and not any(op in other.met for other in same):
                found.setdefault(op.what[0], []).append(op.what[1])
        return dict(sorted(found.items()))


KINDS = {
    "g-counter": Counter(GCounter),
    "pn-counter": Counter(PNCounter),
    "lww-register": Last(),
    "mv-register": Unseen(),
    "or-set": Elements(),
    "lww-map": Fields(),
    "or-map": UnseenFields(),
}


def scripts(kind):
    """Operations and merges, in any order; a merge may bring an old state, again."""
    replica = st.integers(0, 2)
    do = st.tuples(st.just("do"), replica, kind.words)
    merge = st.tuples(st.just("merge"), replica, st.integers(0, 20))
    return st.lists(st.one_of(do, merge), max_size=16)


def play(kind, script, form=None):
    """Every (state, operations met) that there ever was, in order of making."""
    form = form or kind.form
    now = {i: (form(), frozenset()) for i in range(3)}
    ever = list(now.values())
    for number, (step, replica, what) in enumerate(script, 1):
        state, met = now[replica]
        if step == "do":
            op = Op(number, REPLICAS[replica], what, met)
            now[replica] = kind.do(state, op), met | {op}
        else:
            other, heard = ever[what % len(ever)]
            now[replica] = state.merge(other), met | heard
        ever.append(now[replica])
    return ever
