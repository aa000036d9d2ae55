"""Owns what any replica may answer from what it has, and how old that may be.

Knows no role: who can vouch for how far things have come is for others to know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from minicloud.errors import CallError
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.later import Later
from minicloud.protocols.kv.table import Entry as Kept
from minicloud.services.kv.log import NotStored
from minicloud.services.kv.ordered import Refusals
from minicloud.services.kv.replicated.messages import (
    Answered,
    Elsewhere,
    Look,
    Newest,
    Order,
    Past,
    Tip,
)
from minicloud.services.kv.replicated.replica import Duty, Replica

__all__ = ["Nearby", "Reply"]

Reply = Later[Answered | Elsewhere]


class Nearby(Replica):
    """A replica that answers questions, as far as it can."""

    def __init__(self, *, duty: Duty) -> None:
        self._fresh: tuple[float, Tip] = (-inf, Tip(0, 0))
        """The newest tip that was vouched for, and when it was asked for."""
        self._refusals: Refusals[str] = Refusals()
        super().__init__(duty=duty)

    @property
    def table(self) -> dict[str, Kept]:
        """What it holds, by key."""
        return self.state.table.state.entries

    # What a role adds.

    @property
    def judge(self) -> str:
        """Who can vouch for how far things have come."""
        return self.view.first

    def vouch(self, then: Callable[[], None]) -> bool:
        """Call `then` once it is certain that this node knows how far things have come.

        False, and `then` is not called, where it can't be.
        """
        raise NotImplementedError

    def tip(self) -> Tip:
        """How far things have come."""
        return Tip(self.state.commit, self.state.revision)

    def hear_tip(self, tip: Tip) -> None:
        """Things have come so far: it was vouched for."""

    @property
    def repeats(self) -> bool:
        """Whether what a request gave is told again to whoever asks again."""
        return True

    def unfit(self) -> Elsewhere | None:
        """Where commands get their places, if not here and now."""
        raise NotImplementedError

    def place(self, request: Order, reply: Reply) -> None:
        """Give a command its place, and answer when it has happened; raises `NotStored`."""
        raise NotImplementedError

    # What is said where.

    @handle
    def order(self, request: Order) -> Reply:
        """Give a command its place, once, unless this try of it was refused before."""
        reply: Reply = Later(idle=True)
        client, serial, attempt = request.client, request.serial, request.attempt
        if self._refusals.covers(client, serial, attempt):  # the rule
            reply.give(self.away("", "has refused that"))
            return reply
        try:
            elsewhere = self._take(request, reply)
        except NotStored:
            self._refusals.note(client, serial, attempt, request.closed)
            raise
        if elsewhere is not None:
            self._refusals.note(client, serial, attempt, request.closed)
            reply.give(elsewhere)
        return reply

    def _take(self, request: Order, reply: Reply) -> Elsewhere | None:
        # What it says or raises is final for this try: nothing was done.
        elsewhere = self.unfit() or self.estranged(request.past)
        if elsewhere is not None:
            return elsewhere
        once, client, serial = self.state.table.once, request.client, request.serial
        known = once.answer(client, serial) if self.duty.dedup else None
        if known is not None and self.repeats:
            reply.give(Answered(self.state.placed(known)))
        elif once.over(client, serial):
            return self.away("", "has answered that")
        else:
            self.place(request, reply)
            self.in_time(reply, maybe=True)
        return None

    def in_time(self, reply: Reply, *, maybe: bool) -> None:
        """Answer that nothing is known, when the time for an answer is over."""
        late = Elsewhere("", f"{self.name} could not answer in time", maybe)
        self.no_later(partial(reply.give, late))

    def away(self, hint: str, why: str) -> Elsewhere:
        """Ask elsewhere."""
        return Elsewhere("" if hint == self.name else hint, f"{self.name} {why}")

    def strange(self, past: Past, reply: Reply) -> bool:
        """Whether this node can't go on from where a session is."""
        elsewhere = self.estranged(past)
        if elsewhere is not None:
            reply.give(elsewhere)
        return elsewhere is not None

    def estranged(self, past: Past) -> Elsewhere | None:
        """What to say to a session from where this node can't go on; None if it can."""
        seen = (past,) if isinstance(past, int) else past
        if any(self.state.parted(position) for position in seen):
            why = f"{self.name}: what the session has seen was lost in a failover"
            return Elsewhere("", why, lost=True)
        if any(self.state.behind(position) for position in seen):
            return self.away(self.judge, "is behind the session")
        return None

    def look_near(self, request: Look, reply: Reply) -> None:
        """Answer from what is here, if that is new enough."""
        read = partial(self.state.read, request.command, reply)
        if request.age is None and request.versions is None:
            read()
            return
        asked, tip = self._fresh
        now = self.clock.monotonic()
        known = request.age is not None and request.versions is None and asked >= now - request.age
        if known and self.state.commit >= tip.index:
            read()
        elif self.judge == self.name:
            if not self.vouch(read):
                reply.give(self.away(self.judge, "has no lease"))
        else:
            then = partial(self._vouched, now, request, reply)
            self.ask(self.judge, Newest(self.view.number), then=then, timeout=self.duty.patience)

    def _vouched(
        self, asked: float, request: Look, reply: Reply, tip: Tip | CallError | None
    ) -> None:
        if not isinstance(tip, Tip):
            reply.give(self.away(self.judge, "can't tell how far things have come"))
            return
        self.hear_tip(tip)
        slack = request.versions if request.age is None and request.versions else 0

        def reached() -> bool:
            return self.state.commit >= tip.index or self.state.revision >= tip.revision - slack

        def then() -> None:
            if self.state.commit >= tip.index and asked > self._fresh[0]:
                self._fresh = asked, tip
            self.state.read(request.command, reply)

        self.state.when(reached, then)

    @handle
    def newest(self, request: Newest) -> Later[Tip | None]:
        """How far things have come, for one who must know."""
        reply: Later[Tip | None] = Later(idle=True)
        self.no_later(partial(reply.give, None))
        told: Any = reply.give
        stranger = self.judge != self.name or request.number > self.view.number
        if stranger or not self.vouch(lambda: told(self.tip())):
            reply.give(None)
        return reply
