"""Slow, obvious twins of the checks of levels: every order, tried. They share no code with check/.

A small history is a list of `Small` operations: who, when it began and returned (None: nobody
knows), which pairs (key, value) it read and wrote, and under which version. Values differ, so that
a value names its writer.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any, NamedTuple


class Small(NamedTuple):
    who: str
    start: int
    end: int | None
    reads: tuple
    writes: tuple
    version: Any = None

    def before(self, other):
        return self.end is not None and self.end < other.start

    def in_session_before(self, other):
        return self.who == other.who and self.before(other)


def thin_air(ops):
    made = {pair for op in ops for pair in op.writes}
    return any(pair not in made and pair[1] is not None for op in ops for pair in op.reads)


# Session guarantees: is there an order of each key's versions in which all pairs stand rightly?

RYW, MR, MW, WFR = "ryw", "mr", "mw", "wfr"


def pairs_of(kind, ops):
    """(key and value that is not newer, key and value that is not older)"""
    for one in ops:
        for other in ops:
            if not one.in_session_before(other):
                continue
            first = one.writes if kind in (RYW, MW) else one.reads
            then = other.reads if kind in (RYW, MR) else other.writes
            yield from ((low, high) for low in first for high in then)


def versions(ops):
    return {pair: op.version for op in ops for pair in op.writes if op.version is not None}


def sessions_hold(kinds, ops, *, one_order):
    """By versions, if all writes that were seen have one; else by any order that could be."""
    if thin_air(ops):
        return False
    told = versions(ops)
    demands = [pair for kind in kinds for pair in pairs_of(kind, ops)]
    keys = sorted({low[0] for low, _ in demands} | {high[0] for _, high in demands})
    if one_order:
        across = [d for kind in kinds if kind in (MW, WFR) for d in pairs_of(kind, ops)]
        for low, high in across:
            if low in told and high in told and told[low] > told[high]:
                return False
    return all(
        key_holds(key, [d for d in demands if d[0][0] == d[1][0] == key], ops) for key in keys
    )


def key_holds(key, demands, ops):
    told = versions(ops)
    values = list(dict.fromkeys(pair for op in ops for pair in op.writes if pair[0] == key))
    for order in permutations(values):
        place = {pair: number for number, pair in enumerate(order, 1)}
        place[key, None] = 0
        known = [told[pair] for pair in order if pair in told]
        if known == sorted(known) and all(place[low] <= place[high] for low, high in demands):
            return True
    return False


# Staleness.


def stalest(ops):
    """(versions, ticks) of the stalest read, by versions that are all told."""
    told = versions(ops)
    worst = [0, 0]
    for read in ops:
        for key, value in read.reads if not read.writes else ():
            seen = 0 if value is None else told[key, value]
            newer = [
                op
                for op in ops
                for pair in op.writes
                if pair[0] == key and told[pair] > seen and op.before(read)
            ]
            worst[0] = max(worst[0], len(newer))
            if newer:
                worst[1] = max(worst[1], read.start - min(op.end for op in newer))
    return tuple(worst)


# Prefixes: is there a length such that what was read is the state after so many writes?


def prefixes_hold(ops):
    told = versions(ops)
    numbers = [0, *sorted(told.values())]
    return all(
        len(op.reads) < 2 or any(state_at(cut, told, op.reads) for cut in numbers) for op in ops
    )


def state_at(cut, told, reads):
    for key, value in reads:
        upto = {
            number: pair[1] for pair, number in told.items() if pair[0] == key and number <= cut
        }
        if (upto[max(upto)] if upto else None) != value:
            return False
    return True


def some_order_has_prefixes(ops):
    """Whether some order of writes that keeps real time gives every reader of several a prefix."""
    writes = [op for op in ops if op.writes]
    readers = [op for op in ops if len(op.reads) > 1]
    for order in permutations(writes):
        if not keeps(order, lambda one, other: one.before(other)):
            continue
        states = [{}]
        for op in order:
            states.append({**states[-1], **dict(op.writes)})
        if all(any(shows(state, op) for state in states) for op in readers):
            return True
    return False


def shows(state, op):
    return all(state.get(key) == value for key, value in op.reads)


def keeps(order, before):
    return not any(before(other, one) for one, other in combinations(order, 2))


# Causes.


def relevant(ops):
    read = {pair for op in ops for pair in op.reads}
    return [op for op in ops if op.end is not None or any(pair in read for pair in op.writes)]


def causes(ops):
    """The pairs (cause, effect), closed; None where something causes itself."""
    maker = {pair: op for op in ops for pair in op.writes}
    before = {(one, other) for one in ops for other in ops if one.in_session_before(other)}
    for op in ops:
        before |= {(maker[pair], op) for pair in op.reads if pair in maker}
    for middle in ops:
        for one in ops:
            for other in ops:
                if (one, middle) in before and (middle, other) in before:
                    before.add((one, other))
    return None if any((op, op) in before for op in ops) else before


def causal_plain(ops):
    ops, before = relevant(ops), causes(relevant(ops))
    if before is None or thin_air(ops):
        return False
    for read in ops:
        past = [op for op in ops if (op, read) in before]
        for key, value in read.reads:
            writes = [op for op in past if any(pair[0] == key for pair in op.writes)]
            if not any(
                keeps(order, lambda one, other: (one, other) in before)
                and last(order, key) == value
                for order in permutations(writes)
            ):
                return False
    return True


def last(order, key):
    found = [dict(op.writes)[key] for op in order if key in dict(op.writes)]
    return found[-1] if found else None


def causal_convergent(ops):
    ops, before = relevant(ops), causes(relevant(ops))
    if before is None or thin_air(ops):
        return False
    told = versions(ops)
    writes = [op for op in ops if op.writes]
    for order in permutations(writes):
        if not keeps(order, lambda one, other: (one, other) in before):
            continue
        if not follows_versions(order, told):
            continue
        if all(
            last([op for op in order if (op, read) in before], key) == value
            for read in ops
            for key, value in read.reads
        ):
            return True
    return False


def follows_versions(order, told):
    for key in {pair[0] for pair in told}:
        numbers = [told[p] for op in order for p in op.writes if p[0] == key and p in told]
        if numbers != sorted(numbers):
            return False
    return True


def causal_memory(ops):
    ops, before = relevant(ops), causes(relevant(ops))
    if before is None or thin_air(ops):
        return False
    for who in {op.who for op in ops}:
        mine = [op for op in ops if op.who == who and op.end is not None]
        past = [op for op in ops if op in mine or any((op, one) in before for one in mine)]
        chosen = [op for op in past if op.writes or op.who == who]
        if not any(
            keeps(order, lambda one, other: (one, other) in before) and legal(order, who)
            for order in permutations(chosen)
        ):
            return False
    return True


def legal(order, who):
    """Whether the reads of one (None: of all) see the last write before them."""
    state = {}
    for op in order:
        if who in (None, op.who) and any(state.get(k) != v for k, v in op.reads):
            return False
        state.update(dict(op.writes))
    return True


def sequential(ops):
    certain = [op for op in ops if op.end is not None]
    perhaps = [op for op in ops if op.end is None and op.writes]
    for count in range(len(perhaps) + 1):
        for some in combinations(perhaps, count):
            for order in permutations([*certain, *some]):
                if keeps(order, Small.in_session_before) and legal(order, None):
                    return True
    return False
