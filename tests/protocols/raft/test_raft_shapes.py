"""Partly connected clusters of five: who elects, who can't (dissertation 6.2, 9.6)."""

from pathlib import Path

import pytest
from raft_shapes import (
    NAMES,
    central,
    electable,
    elects,
    goes_on,
    goes_on_in_fact,
    recovers,
    shapes,
)

RECOVERS_WITHIN = 150  # ticks: some 10 election timeouts of 10 to 20
STUCK = Path(__file__).parent / "golden_shapes.txt"
LEFT = Path(__file__).parent / "golden_shapes_led.txt"


def test_there_are_34_shapes():
    assert len(shapes()) == 34
    assert len([links for links in shapes() if central(links)]) == 31


@pytest.mark.parametrize("leader", range(5))
def test_equal_logs_recover_wherever_somebody_reaches_a_majority(leader):
    for links in shapes():
        assert recovers(links, leader, RECOVERS_WITHIN) == bool(central(links)), links


def named(nodes):
    return " ".join(NAMES[node] for node in nodes)


def subsets():
    return [[k for k in range(5) if bits >> k & 1] for bits in range(1, 31)]


def stuck():
    """Shape by shape, who must be ahead for the cluster to be without a leader."""
    for links in shapes():
        for ahead in subsets():
            if central(links) and not electable(links, ahead):
                edges = " ".join(f"{NAMES[a]}-{NAMES[b]}" for a, b in links)
                yield f"{edges}; ahead: {named(ahead)}; reach a majority: {named(central(links))}"


def test_the_shapes_that_unequal_logs_cannot_elect_in_are_known():
    """Only those whose central servers all lack an entry that too many of their neighbours have."""
    assert "\n".join(stuck()) + "\n" == STUCK.read_text("utf-8")


@pytest.mark.slow
def test_unequal_logs_elect_exactly_where_arithmetic_says():
    for links in shapes():
        for ahead in subsets():
            expected = bool(electable(links, ahead))
            assert elects(links, ahead, 200) == expected, (links, ahead)


def test_some_unequal_logs_elect_where_arithmetic_says():
    for links in shapes()[::4]:
        for ahead in subsets()[::7]:
            expected = bool(electable(links, ahead))
            assert elects(links, ahead, 200) == expected, (links, ahead)


def led_by(leader):
    return [ahead for ahead in subsets() if leader in ahead]


def left_without():
    """Shape by shape and leader by leader, who may be ahead at the cut so that nobody can lead."""
    for links in shapes():
        for leader in range(5) if central(links) else ():
            stuck = [named(ahead) for ahead in led_by(leader) if not goes_on(links, leader, ahead)]
            if stuck:
                edges = " ".join(f"{NAMES[a]}-{NAMES[b]}" for a, b in links)
                yield f"{edges}; led by {NAMES[leader]}; ahead: {' | '.join(stuck)}"


def test_where_a_live_leader_is_cut_off_and_none_can_follow_it_is_known():
    assert "\n".join(left_without()) + "\n" == LEFT.read_text("utf-8")


@pytest.mark.parametrize("leader", range(5))
def test_some_leaders_that_are_cut_off_are_followed_where_arithmetic_says(leader):
    for links in shapes()[leader::6]:
        for ahead in led_by(leader)[::5]:
            expected = bool(goes_on(links, leader, ahead))
            assert goes_on_in_fact(links, leader, ahead, 200) == expected, (links, ahead)


@pytest.mark.slow
@pytest.mark.parametrize("leader", range(5))
def test_leaders_that_are_cut_off_are_followed_exactly_where_arithmetic_says(leader):
    for links in shapes():
        for ahead in led_by(leader):
            expected = bool(goes_on(links, leader, ahead))
            assert goes_on_in_fact(links, leader, ahead, 200) == expected, (links, ahead)


if __name__ == "__main__":
    STUCK.write_text("\n".join(stuck()) + "\n", "utf-8")
    LEFT.write_text("\n".join(left_without()) + "\n", "utf-8")
