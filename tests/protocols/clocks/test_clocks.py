"""Clocks of writes: the hybrid one against its paper's figure and theorems, the others by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.errors import UsageError
from minicloud.protocols.clocks import HybridClock, PhysicalClock, clock, microseconds, parts
from minicloud.protocols.versions import Version

US = 1000
NODES = ("a", "b", "c")


class Figure5:
    """The algorithm of the paper's Figure 5, line by line: the slow twin."""

    def __init__(self):
        self.l = 0
        self.c = 0

    def send_or_local(self, pt):
        before = self.l
        self.l = max(before, pt)
        self.c = self.c + 1 if self.l == before else 0
        return self.l, self.c

    def receive(self, message, pt):
        before, (lm, cm) = self.l, message
        self.l = max(before, lm, pt)
        if self.l == before == lm:
            self.c = max(self.c, cm) + 1
        elif self.l == before:
            self.c += 1
        elif self.l == lm:
            self.c = cm + 1
        else:
            self.c = 0
        return self.l, self.c


class Event:
    """One event of a world: where, at what reading, with what stamp, and after what."""

    def __init__(self, node, pt, stamp, past):
        self.node, self.pt, self.stamp, self.past = node, pt, stamp, past


def world(offsets_us, steps, make=HybridClock):
    """Run steps (node, gap in µs, None or whose last message it receives); give the events."""
    clocks = {name: make(name) for name in NODES}
    twins = {name: Figure5() for name in NODES}
    last, events, now = {}, [], 0
    for node, gap, source in steps:
        now += gap
        name = NODES[node]
        pt_ns = (now + offsets_us[node]) * US
        past = set() if name not in last else {last[name], *events[last[name]].past}
        pt = microseconds(pt_ns)
        if source is not None and NODES[source] in last:
            heard = last[NODES[source]]
            past |= {heard, *events[heard].past}
            clocks[name].hear(Version(*events[heard].stamp), pt_ns)
            twin = twins[name].receive(parts(events[heard].stamp[0]), pt)
            counter = clocks[name].last if make is HybridClock else 0
            stamp = counter, name
        else:
            version = clocks[name].next(pt_ns)
            stamp = version.counter, name
            twin = twins[name].send_or_local(pt)
        events.append(Event(name, pt, stamp, past))
        events[-1].twin = twin
        last[name] = len(events) - 1
    return events


steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30), st.none() | st.integers(0, 2)), max_size=40
)
offsets = st.lists(st.integers(-50, 50), min_size=3, max_size=3)


@given(offsets, steps)
def test_the_hybrid_clock_does_what_the_figure_says(offsets_us, steps):
    for event in world(offsets_us, steps):
        assert parts(event.stamp[0]) == event.twin


@given(offsets, steps)
def test_theorem_1_a_stamp_is_above_those_of_all_that_came_before(offsets_us, steps):
    events = world(offsets_us, steps)
    for event in events:
        assert all(events[i].stamp[0] < event.stamp[0] for i in event.past)


@given(offsets, steps)
def test_theorem_2_l_is_the_highest_reading_heard_of_and_no_further_off_than_clocks(
    offsets_us, steps
):
    events = world(offsets_us, steps)
    apart = max(offsets_us) - min(offsets_us)
    for event in events:
        high, _ = parts(event.stamp[0])
        assert high == max([event.pt, *(events[i].pt for i in event.past)])
        assert 0 <= high - event.pt <= apart


@given(offsets, steps)
def test_theorem_3_c_counts_events_before_it_with_the_same_l(offsets_us, steps):
    events = world(offsets_us, steps)
    for event in events:
        high, count = parts(event.stamp[0])
        assert count <= sum(parts(events[i].stamp[0])[0] == high for i in event.past)


def test_a_clock_set_back_cannot_take_a_hybrid_stamp_back():
    mine = HybridClock("a")
    high = mine.next(10**9)
    assert mine.next(-(10**9)) > high
    assert PhysicalClock("a").next(10**9) > PhysicalClock("a").next(-(10**9))


def test_a_physical_clock_puts_an_effect_before_its_cause_and_the_others_do_not():
    found = {}
    for kind in ("logical", "physical", "hybrid"):
        ahead, behind = clock(kind, "ahead"), clock(kind, "behind")
        cause = ahead.next(2_000_000_000)
        behind.hear(cause, 1_000_000_000)
        found[kind] = behind.next(1_000_000_000) > cause
    assert found == {"logical": True, "physical": False, "hybrid": True}


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_a_physical_clocks_stamps_of_one_writer_never_repeat_or_fall(readings):
    mine = PhysicalClock("a")
    stamps = [mine.next(reading) for reading in readings]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)
    assert stamps[0].counter > 0


def test_equal_readings_of_two_writers_are_told_apart_by_name_everywhere_alike():
    ann, bob = PhysicalClock("ann").next(5), PhysicalClock("bob").next(5)
    assert ann.counter == bob.counter
    assert ann < bob


def test_after_a_restart_a_clock_that_recalls_its_own_stamps_repeats_none():
    first = PhysicalClock("a")
    high = first.next(10**9)
    again = PhysicalClock("a")
    again.hear(high, 0)
    again.hear(Version(high.counter + 10**9, "b"), 0)
    assert high < again.next(0) < Version(high.counter + 10**6, "a")


def test_another_word_is_refused():
    with pytest.raises(UsageError, match="give one of logical, physical, hybrid"):
        clock("atomic", "a")
