"""Owns the faults that change what becomes of some messages: lost, late, twice, changed, held."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from minicloud.net import distributions
from minicloud.net.distributions import Constant, Distribution, Exponential, Sampler
from minicloud.net.faults.names import Names, as_names, member
from minicloud.net.faults.values import Fault

__all__ = [
    "Bandwidth",
    "BurstLoss",
    "Corrupt",
    "Delay",
    "Directed",
    "Drop",
    "Duplicate",
    "Hold",
    "Loss",
    "Reorder",
    "sampler_of",
]

if TYPE_CHECKING:
    Duration = float | Distribution
else:
    # What can be read from a file is the shapes by name; what code may give is any distribution.
    Duration = float | distributions.Delay


def sampler_of(duration: Duration) -> Sampler:
    """The sampler of a duration given in seconds or as a distribution."""
    return (duration if isinstance(duration, Distribution) else Constant(duration)).compile()


class Directed(Fault, frozen=True, kw_only=True):
    """A fault on the messages from some hosts to some others, perhaps of one kind only."""

    source: Names = ("*",)
    target: Names = ("*",)
    message: str | None = None
    """Only messages of this kind."""
    replies_to: str | None = None
    """Only replies to requests of this kind."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("source", "target"):
            names = as_names(type(self).__name__, field, getattr(self, field))
            msgspec.structs.force_setattr(self, field, names)
        if self.message is not None and self.replies_to is not None:
            raise self.wrong(
                "replies_to", "give message= or replies_to=, not both: no message is both"
            )

    def covers(self, source: str, target: str) -> bool:
        return member(source, self.source) and member(target, self.target)

    def _normal(self, field: str) -> None:
        """A number of seconds is the distribution that always gives it."""
        value = getattr(self, field)
        if not isinstance(value, Distribution):
            self.require(field, value, least=0.0)
            value = Constant(float(value))
        elif isinstance(value, distributions.Delay):
            value = msgspec.convert(msgspec.to_builtins(value), distributions.Delay)
        self._keep(field, value)


class Loss(Directed, frozen=True, tag="loss"):
    """Each message is lost with a probability."""

    probability: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")


class BurstLoss(Directed, frozen=True, tag="burst-loss"):
    """Messages are lost in bursts: each link is in a good state or in a bad one.

    Before each message a good link turns bad with `p_bad`, a bad one good with `p_good`; then the
    message is lost with the probability of the state. A link begins good; a burst is 1 / p_good
    messages long on average. (Gilbert, "Capacity of a Burst-Noise Channel", 1960, section 2;
    Elliott, "Estimates of Error Rates for Codes on Burst-Noise Channels", 1963.)
    """

    p_bad: float = 0.05
    p_good: float = 0.25
    loss_good: float = 0.0
    loss_bad: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("p_bad", "p_good", "loss_good", "loss_bad"):
            self.require_share(field)


class Delay(Directed, frozen=True, tag="delay"):
    """Each message takes longer, by seconds or by a draw from a distribution of them."""

    extra: Duration = Constant(0.1)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normal("extra")


class Duplicate(Directed, frozen=True, tag="duplicate"):
    """Each message arrives twice with a probability, the copy `after` later."""

    probability: float = 1.0
    after: Duration = Constant(0.001)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")
        self._normal("after")


class Reorder(Directed, frozen=True, tag="reorder"):
    """Each message is held back with a probability, by a draw from `by`, and later ones overtake.

    That is so on links that otherwise keep order too.
    """

    probability: float = 0.2
    by: Duration = Exponential(0.01)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")
        self._normal("by")


class Corrupt(Directed, frozen=True, tag="corrupt"):
    """Each message is damaged on its way with a probability.

    A checksum finds the damage, and the message is dropped. With `detected=False` nothing does: a
    bit of its payload arrives changed, or, where it can't be read any more, it is dropped for that.
    """

    probability: float = 0.01
    detected: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_share("probability")


class Bandwidth(Directed, frozen=True, tag="bandwidth"):
    """Each link takes so many bytes a second; what does not fit in the queue is dropped."""

    bytes_per_s: float
    queue_bytes: int | None = None
    """Bytes that may wait for the wire; None is without bound."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("bytes_per_s", self.bytes_per_s, above=0.0, unit="bytes a second")
        if self.queue_bytes is not None:
            self.require("queue_bytes", self.queue_bytes, least=0.0, unit="bytes", whole=True)


class Drop(Directed, frozen=True, tag="drop"):
    """Messages that fit are dropped: of a kind, of a direction, for which `when` holds, the first
    `count`.

    `when` is a function of the decoded message, or of the reply (as plain data) where `replies_to`
    is given; a fault with one can't be written to a file.
    """

    when: Callable[[Any], bool] | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.count is not None and (not isinstance(self.count, int) or self.count < 0):
            raise self.wrong("count", f"say how many to drop, 0 or more, not {self.count}")


class Hold(Directed, frozen=True, tag="hold"):
    """Messages wait on the link until the fault is lifted, then go on in the order they came."""
