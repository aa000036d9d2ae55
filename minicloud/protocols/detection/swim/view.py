"""Owns what one member believes of all: the newest claim about each, who is suspect until when.

A join of claims, so it does not depend on their order. Knows no message and sends nothing.
"""

from __future__ import annotations

from minicloud.protocols.detection.swim.claims import Change, Claim, Status, beats

__all__ = ["View"]


class View:
    """The newest claim about each name. Names stay for ever; a group has few that go for good.

    final: dead beats whatever is said of any incarnation.
    """

    __slots__ = ("_final", "_living", "changes", "claims", "deadlines")

    def __init__(self, *, final: bool) -> None:
        self._final = final
        self._living = 0
        self.claims: dict[str, Claim] = {}
        self.deadlines: dict[str, int] = {}
        """By when a suspect must have objected, in nanoseconds."""
        self.changes: list[Change] = []
        """What is believed now and was not before."""

    def take(self, claim: Claim) -> bool:
        """Believe a claim, if it is newer than what is held; whether it was."""
        held = self.claims.get(claim.name)
        if held is not None and not beats(claim, held, final=self._final):
            return False
        self.claims[claim.name] = claim
        was = None if held is None else held.status
        self._living += (not claim.gone) - (held is not None and not held.gone)
        if claim.status != was:
            self.changes.append(Change(was, claim))
        # A suspicion of a later incarnation gives a deadline of its own.
        self.deadlines.pop(claim.name, None)
        return True

    @property
    def living(self) -> int:
        """How many are members, as far as is believed: suspects are."""
        return self._living

    def status(self, name: str) -> Status | None:
        """What is believed of a name; None where it was never heard."""
        held = self.claims.get(name)
        return None if held is None else held.status

    def overdue(self, now_ns: int) -> list[Claim]:
        """Suspicions whose time to object is over."""
        late = [name for name, due_ns in self.deadlines.items() if due_ns <= now_ns]
        return [self.claims[name] for name in late]
