"""The front door of orders and tapes: who is next, and what stands between stream and reader."""

from minicloud.kernel.entropy import NEUTRAL
from minicloud.kernel.orders.choices import Chooser, Deviation
from minicloud.kernel.orders.order import Order
from minicloud.kernel.orders.recorded import (
    AnyTape,
    Chosen,
    Keep,
    Kept,
    Recorded,
    Recording,
    Replaying,
    Spliced,
    Track,
    as_dict,
    read_tape,
    staleness,
    tape_of,
)
from minicloud.kernel.orders.tapes import NEUTRAL_KINDS, Counting, Neutral, Splice, Stack

__all__ = [
    "NEUTRAL",
    "NEUTRAL_KINDS",
    "AnyTape",
    "Chooser",
    "Chosen",
    "Counting",
    "Deviation",
    "Keep",
    "Kept",
    "Neutral",
    "Order",
    "Recorded",
    "Recording",
    "Replaying",
    "Splice",
    "Spliced",
    "Stack",
    "Track",
    "as_dict",
    "read_tape",
    "staleness",
    "tape_of",
]
