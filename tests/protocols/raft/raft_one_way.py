"""Every way in which five servers can hear each other, one-way links included, up to their names.

`python raft_one_way.py` writes down where nobody can lead, as arithmetic says; with `--all` it also
tries all of them, for some ten minutes, and says where what happens is something else.
"""

import sys
from functools import cache
from itertools import permutations
from pathlib import Path

from raft_calm import commits, lead, led
from raft_shapes import MAJORITY, NAMES, STEPS_DOWN

ARCS = tuple((a, b) for a in range(5) for b in range(5) if a != b)
STUCK = Path(__file__).parent / "golden_one_way.txt"
WITHIN = 150  # ticks: some 10 election timeouts of 10 to 20
HALF = len(ARCS) // 2


@cache
def _tables():
    """For each renaming, what it makes of the first ten arcs and of the last, as numbers."""
    tables = []
    for p in permutations(range(5)):
        to = [1 << ARCS.index((p[a], p[b])) for a, b in ARCS]
        halves = []
        for first in (0, HALF):
            images = [0] * (1 << HALF)
            for bits in range(1, 1 << HALF):
                low = bits & -bits
                images[bits] = images[bits ^ low] | to[first + low.bit_length() - 1]
            halves.append(images)
        tables.append((p, *halves))
    return tables


def renamed(bits):
    """The same shape under each renaming."""
    low, high = bits & ((1 << HALF) - 1), bits >> HALF
    return [(p, first[low] | second[high]) for p, first, second in _tables()]


@cache
def shapes():
    """One of each of the 9,608 directed graphs on five nodes, as numbers: a bit for each arc."""
    seen, kept = bytearray(1 << len(ARCS)), []
    for bits in range(1 << len(ARCS)):
        if not seen[bits]:
            kept.append(bits)
            for _, image in renamed(bits):
                seen[image] = 1
    return kept


def arcs(bits):
    return [arc for k, arc in enumerate(ARCS) if bits >> k & 1]


def places(bits):
    """The leaders that differ by more than their names."""
    same = [p for p, image in renamed(bits) if image == bits]
    return [node for node in range(5) if node == min(p[node] for p in same)]


def mutual(bits):
    """Links that work both ways."""
    heard = arcs(bits)
    return [(a, b) for a, b in heard if (b, a) in heard]


def central(bits):
    """Those that a majority both hears and is heard by, themselves included."""
    both = mutual(bits)
    return [node for node in range(5) if sum(a == node for a, _ in both) + 1 >= MAJORITY]


def goes_on(bits, leader):
    """Who can lead where this one led and got commands until it had to step down.

    A leader with a majority goes on. Another brings its new entries to all that hear it, although
    it does not hear them.
    """
    center = central(bits)
    if leader in center:
        return [leader]
    ahead = [leader, *(b for a, b in arcs(bits) if a == leader)]
    return [
        node
        for node in center
        if sum(a == node and (a in ahead or b not in ahead) for a, b in mutual(bits)) + 1
        >= MAJORITY
    ]


def recovers(bits, leader, ticks=WITHIN, *, busy=False, seed=0, rules=None):
    """Whether something new is committed in time, after a quiet cluster is cut to this shape.

    If it is busy, the old leader gets commands as long as it leads, and so may be ahead of others.
    """
    world = led(seed, rules)
    lead(world, NAMES[leader])
    whole = {(a, b) for a in NAMES for b in NAMES if a != b}
    world.cut = whole - {(NAMES[a], NAMES[b]) for a, b in arcs(bits)}
    if not busy:
        world.run(STEPS_DOWN)
    return commits(world, ticks)


def words(bits):
    return " ".join(f"{NAMES[a]}>{NAMES[b]}" for a, b in arcs(bits))


def exceptions(some):
    """Shapes and leaders where what happens is not what arithmetic says."""
    for bits in some:
        for leader in places(bits):
            for busy in (False, True):
                expected = bool(goes_on(bits, leader) if busy else central(bits))
                if recovers(bits, leader, busy=busy) != expected:
                    yield f"{words(bits)}; led by {NAMES[leader]}; {busy=}, {expected=}"


def stuck():
    """What there is, then shape by shape the leaders after which nobody can lead, though somebody
    reaches a majority.
    """
    found = shapes()
    able = [bits for bits in found if central(bits)]
    after = {bits: [n for n in places(bits) if not goes_on(bits, n)] for bits in able}
    yield f"shapes: {len(found)}, with a leader: {sum(len(places(bits)) for bits in found)}"
    yield f"somebody reaches a majority: {len(able)}, {sum(len(places(bits)) for bits in able)}"
    yield f"nobody can lead: {sum(map(bool, after.values()))}, {sum(map(len, after.values()))}"
    for bits, leaders in after.items():
        if leaders:
            yield f"{words(bits)}; led by {' '.join(NAMES[n] for n in leaders)}"


if __name__ == "__main__":
    STUCK.write_text("\n".join(stuck()) + "\n", "utf-8")
    for wrong in exceptions(shapes() if "--all" in sys.argv else ()):
        sys.stdout.write(f"{wrong}\n")
