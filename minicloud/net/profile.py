"""Owns what a link is like, as one frozen value: delay, loss, duplication, order, bandwidth."""

from __future__ import annotations

import msgspec

from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Distribution, Exponential

__all__ = ["DEFAULT", "LOOPBACK", "Profile"]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The nature of a directed link, apart from any fault.

    Every probability draws once a message whatever the message's fate, so what a message meets does
    not depend on what became of the one before.
    """

    delay: Distribution = Exponential(average=0.0005, shift=0.0005)
    """Seconds on the way, one draw a message; a larger draw lets later messages overtake."""
    loss: float = 0.0
    """Probability that a message vanishes."""
    duplicate: float = 0.0
    """Probability that a message arrives twice, the copy after a delay of its own."""
    reorder: float = 0.0
    """Probability that a message is held back by a second delay, so that later ones overtake."""
    fifo: bool = False
    """Whether messages that are not reordered arrive in the order they were sent."""
    bandwidth_bytes_per_s: float | None = None
    """Bytes a second; None is without bound."""
    queue_bytes: int | None = None
    """Bytes that may wait for the wire, beyond which a message is dropped; None is without bound.
    """

    def __post_init__(self) -> None:
        for name in ("loss", "duplicate", "reorder"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(f"Profile {name} is a probability from 0 to 1, and is {value!r}")
        if self.bandwidth_bytes_per_s is not None and not self.bandwidth_bytes_per_s > 0:
            value = self.bandwidth_bytes_per_s
            raise UsageError(f"Profile bandwidth_bytes_per_s must be above 0, and is {value!r}")
        if self.queue_bytes is not None and self.queue_bytes < 0:
            raise UsageError(f"Profile queue_bytes can't be negative, and is {self.queue_bytes}")
        if self.queue_bytes is not None and self.bandwidth_bytes_per_s is None:
            raise UsageError("Profile queue_bytes needs bandwidth_bytes_per_s: no wire, no queue")


DEFAULT = Profile()
"""Hosts of one data centre: 0.5 ms and an exponential tail with a mean of 0.5 ms more."""

LOOPBACK = Profile(delay=Constant(0.00001))
"""A host to itself: 10 µs, and no fault reaches it."""
