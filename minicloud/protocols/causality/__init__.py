"""Who knew of what: vectors, dots, and sets of siblings, as values."""

from minicloud.protocols.causality.delivery import Inbox
from minicloud.protocols.causality.dots import Context, Dot, Dots
from minicloud.protocols.causality.dotted import Dotted
from minicloud.protocols.causality.plain import Plain
from minicloud.protocols.causality.store import DotStore
from minicloud.protocols.causality.vectors import (
    Order,
    Vector,
    VectorClock,
    compare,
    covers,
    join,
)

__all__ = [
    "Context",
    "Dot",
    "DotStore",
    "Dots",
    "Dotted",
    "Inbox",
    "Order",
    "Plain",
    "Vector",
    "VectorClock",
    "compare",
    "covers",
    "join",
]
