"""Owns claims about members, and which of two is the newer: SWIM section 4.2 as an order.

Of one name any two claims are ordered, so a view is a join: it does not matter in which order, and
how often, claims come. Knows no message and no time.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Change", "Claim", "Status", "beats"]

Status = Literal["alive", "suspect", "dead", "left"]

_RANK = {"alive": 0, "suspect": 1, "dead": 2, "left": 3}


class Claim(msgspec.Struct, frozen=True):
    """Somebody says that a member, in this incarnation, is alive, suspect, dead, or has left.

    Only the member itself makes a new incarnation. `by` is who said it first; for an `alive` that
    is the member.
    """

    name: str
    incarnation: int
    status: Status
    by: str = ""

    @property
    def gone(self) -> bool:
        """Whether it says that the member is no member any more."""
        return _RANK[self.status] >= _RANK["dead"]


class Change(msgspec.Struct, frozen=True):
    """What a member thinks of another has changed; `before` is None where it is news to it."""

    before: Status | None
    claim: Claim


def beats(claim: Claim, held: Claim, *, final: bool) -> bool:
    """Whether a claim takes the place of another one about the same name.

    A later incarnation beats an earlier one, and in one incarnation dead beats suspect beats alive.
    With `final`, as the paper has it, dead beats whatever is said of any incarnation.
    """
    if final and claim.gone is not held.gone:
        return claim.gone
    if claim.incarnation != held.incarnation:
        return claim.incarnation > held.incarnation
    return _RANK[claim.status] > _RANK[held.status]
