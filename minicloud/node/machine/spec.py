"""Owns what a machine is made of, as one frozen value: place, capacity, disk."""

from __future__ import annotations

from functools import cache

import msgspec

from minicloud.errors import UsageError
from minicloud.net.distributions import Constant, Distribution, Sampler

__all__ = ["Machine"]


class Machine(msgspec.Struct, frozen=True):
    """A host to be: `cloud.node(Machine("r1", zone="eu-west/a", concurrency=4), Replica, w=2)`."""

    name: str
    zone: str = ""
    service: Distribution | float = 0.0
    """Seconds that each handler takes before its effect."""
    concurrency: int | None = None
    """Handlers at once; None is one at a time where service takes time, else no bound."""
    queue: int | None = None
    """Messages that may wait for a handler; None is no bound."""
    disk_bytes: int | None = None
    """Capacity of the disk; None is no bound."""
    disk_write: Distribution | float = 0.0
    """Seconds that a write takes to reach the page cache."""
    disk_sync: Distribution | float = Constant(0.0005)
    """Seconds that a sync takes."""

    def __post_init__(self) -> None:
        for field in ("concurrency", "queue", "disk_bytes"):
            value = getattr(self, field)
            least = 1 if field == "concurrency" else 0
            if value is not None and value < least:
                raise UsageError(
                    f"Machine {self.name!r}: {field} must be {least} or more, is {value}"
                )


def as_distribution(value: Distribution | float) -> Distribution:
    """A number of seconds as the distribution that always gives it."""
    return value if isinstance(value, Distribution) else Constant(value)


@cache
def sampler_of(value: Distribution | float) -> Sampler:
    """The sampler of a duration; ten thousand machines of one make share it."""
    return as_distribution(value).compile()


@cache
def takes_time(value: Distribution | float) -> bool:
    """Whether a duration is ever above zero."""
    return as_distribution(value).mean() > 0
