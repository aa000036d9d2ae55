"""Clusters of five in which some links work one way only: who elects, who can't."""

import pytest
from raft_one_way import STUCK, central, exceptions, shapes, stuck


def test_there_are_9608_shapes():
    assert len(shapes()) == 9608
    assert len([bits for bits in shapes() if central(bits)]) == 6338


def test_where_nobody_can_lead_is_known():
    """Only where a leader that is heard and hears too few has told those that are needed."""
    assert "\n".join(stuck()) + "\n" == STUCK.read_text("utf-8")


def test_some_shapes_elect_where_arithmetic_says():
    assert list(exceptions(shapes()[::250])) == []


@pytest.mark.slow
def test_many_shapes_elect_where_arithmetic_says():
    assert list(exceptions(shapes()[7::25])) == []
