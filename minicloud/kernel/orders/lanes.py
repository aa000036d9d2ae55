"""Owns where within its link's distribution a message falls; knows neither links nor priorities.

A place is an octave of the distribution. The late ones halve what is left of the tail, the early
ones what is left of the head: place 1 is the third quarter of all delays, place 2 the next eighth,
place `FARTHEST` a delay that one message in two thousand has by chance; place -1 is the second
quarter, and so on. What is drawn falls within the place, so messages of one link still differ, and
a message that is lost stays lost.
"""

from __future__ import annotations

__all__ = ["FARTHEST", "PLACES", "place_of", "placed"]

FARTHEST = 10
PLACES = 2 * FARTHEST


def place_of(draw: float) -> int:
    """The place that a draw in [0, 1) means: 1 .. `FARTHEST` late, -1 .. -`FARTHEST` early."""
    number = int(draw * PLACES)
    return number - FARTHEST if number < FARTHEST else number - FARTHEST + 1


def placed(chance: float, kept: float, place: int) -> float:
    """The draw that is used in place of `chance`, where a message is kept if it is below `kept`."""
    if not 0 <= chance < kept:
        return chance
    # In (1/2, 1] and [1/2, 1), so that octaves touch and do not overlap.
    if place > 0:
        quantile = 1.0 - 2.0**-place * (1.0 - chance / kept / 2.0)
    else:
        quantile = 2.0**place * (1.0 + chance / kept) / 2.0
    return quantile * kept
