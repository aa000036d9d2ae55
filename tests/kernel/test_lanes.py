"""Where in its link's distribution a message falls: octaves that touch, and no loss is undone."""

import pytest

from minicloud.kernel.orders.lanes import FARTHEST, PLACES, place_of, placed


def test_places_are_octaves_that_touch():
    grid = [number / 100 for number in range(100)]
    for place in range(1, FARTHEST + 1):
        late = [placed(chance, 1.0, place) for chance in grid]
        early = [placed(chance, 1.0, -place) for chance in grid]
        assert late == sorted(late)
        assert early == sorted(early)
        assert (late[0], early[0]) == (1 - 2**-place, 2 ** (-place - 1))
        assert late[-1] < 1 - 2 ** (-place - 1)
        assert early[-1] < 2**-place


def test_places_are_drawn_evenly_and_nothing_is_in_place_0():
    places = [place_of((number + 0.5) / PLACES) for number in range(PLACES)]
    assert places == [*range(-FARTHEST, 0), *range(1, FARTHEST + 1)]


@pytest.mark.parametrize("place", [-FARTHEST, -1, 1, FARTHEST])
def test_what_is_lost_stays_lost_and_nothing_else_is(place):
    assert placed(0.91, 0.9, place) == 0.91
    assert placed(-1.0, 0.9, place) == -1.0
    assert all(0 <= placed(n / 100, 0.9, place) < 0.9 for n in range(90))
    assert placed(0.5, 0.0, place) == 0.5
