"""What a SWIM member may be told to leave out, and the lengths it counts in.

Every field of `Rules` is one rule; where it is applied stands the comment `the rule`. "Paper" is
Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
Protocol" (DSN 2002). Knows no message and no state.
"""

from __future__ import annotations

from math import ceil, log, log10

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.detection.heartbeats import NS, positive

__all__ = ["Rules", "Settings"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of SWIM, each with a switch."""

    indirect: bool = True
    """Who gets no answer asks others to ping for it, since it may be the wire between the two
    (paper 3.1)."""
    suspicion: bool = True
    """Who does not answer is suspected first, and has time to object (paper 4.2)."""
    refutation: bool = True
    """A member that hears it is suspected objects, with a higher incarnation (paper 4.2)."""
    round_robin: bool = True
    """Members are probed in the order of a shuffled list, so that each has its turn within 2n - 1
    periods (paper 4.3). Off: each time a random one is probed, and its turn may be long in coming.
    """
    rejoin: bool = True
    """A member that was declared dead, or was down, comes back with a higher incarnation, and the
    dead are asked now and then whether they are. The paper's Confirm is final: after a long cut
    the two sides never meet again."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths and numbers; times are in seconds.

    period: between two probes (T' in the paper). ack: how long a ping may take before others are
        asked to ping too; both should be above a usual round trip, and the period three times it.
    helpers: how many are asked (k). suspicion: how long a suspect has, in periods for up to 10
        members; times log10 of their number for more. retransmit: how often each member passes a
        piece of news on, as a multiple of ln of their number (lambda). piggyback: most news in one
        message. sync: every so many periods all that is known is exchanged with one random member,
        as memberlist does; 0 is never, as in the paper. lifeguard: a member that gets few answers,
        or must object, doubts itself and waits longer (Dadgar, Phillips, Currey, "Lifeguard: Local
        Health Awareness for More Accurate Failure Detection", 2017, section IV.A; without its
        negative acks). health: by how many times at most, less one.
    """

    period: float = 1.0
    ack: float = 0.3
    helpers: int = 3
    suspicion: float = 4.0
    retransmit: float = 3.0
    piggyback: int = 8
    sync: int = 30
    lifeguard: bool = False
    health: int = 8

    def __post_init__(self) -> None:
        """Raises `UsageError` for lengths that no member could keep."""
        for field in ("period", "ack", "suspicion", "retransmit"):
            positive("Swim", field, getattr(self, field))
        for field, least in (("helpers", 0), ("piggyback", 1), ("sync", 0), ("health", 0)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(f"Swim: {field}={value!r}: give a whole number from {least}")
        if not self.ack < self.period:
            raise UsageError(f"Swim: ack={self.ack}, period={self.period}: give ack < period")

    @property
    def period_ns(self) -> int:
        """The protocol period."""
        return round(self.period * NS)

    @property
    def ack_ns(self) -> int:
        """How long a direct ping may take."""
        return round(self.ack * NS)

    def suspicion_ns(self, members: int) -> int:
        """How long a suspect may object, in a group of so many."""
        return round(self.suspicion * max(1.0, log10(max(1, members))) * self.period * NS)

    def copies(self, members: int) -> int:
        """How often a piece of news is passed on: lambda * log n (paper 4.1)."""
        return max(1, ceil(self.retransmit * log(members + 1)))

    def worst(self, members: int) -> float:
        """Seconds after a crash by which each other member has found out, of so many in all.

        By itself, even if all that the others say got lost: its turn (paper 4.3), a period to be
        probed in, and the time to object, with all waits at their longest. An objection from before
        the crash, if it comes later, makes it begin anew.
        """
        slow = 1 + (self.health if self.lifeguard else 0)
        periods = (2 * (members - 1) + 1) * self.period * slow
        return periods + self.suspicion_ns(members) / NS
