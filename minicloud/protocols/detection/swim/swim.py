"""SWIM as a value: messages and ticks go in; what to send, and what is believed, comes out.

Das, Gupta, Motivala, "SWIM" (DSN 2002). Knows no clock, no randomness of its own and no network.
What the paper does not have: each message is a claim to be alive in the sender's incarnation; who
was declared dead may come back with a higher one (`Rules.rejoin`); at times two members exchange
all that they know (`Settings.sync`), and what one hears there of the dead is a suspicion only,
since the other may come from the far side of a cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from minicloud.protocols.detection.swim.claims import Change, Claim, Status
from minicloud.protocols.detection.swim.messages import Ack, AnyMessage, Ping, PingReq, Sync
from minicloud.protocols.detection.swim.probing import Health, Probe, Relays
from minicloud.protocols.detection.swim.rota import Rota, sampled
from minicloud.protocols.detection.swim.rules import Rules, Settings
from minicloud.protocols.detection.swim.rumours import Rumours
from minicloud.protocols.detection.swim.view import View

__all__ = ["Output", "Swim"]

_NEVER = 2**61
"""A time that does not come, in nanoseconds."""


class Output(msgspec.Struct, frozen=True):
    """What to do: messages to send, in no order that matters, and what is believed since."""

    send: tuple[AnyMessage, ...] = ()
    changes: tuple[Change, ...] = ()


class Swim:
    """One member of a group.

    Call any of `step`, `tick`, `leave`, `join`, then `take` what is to be done. It believes the
    names in `known` to be members until it learns better, and asks one of them each period, until
    one answers, what it should know: who was here before gets a later incarnation that way. So
    nothing need be kept on a disk.

    `draw` gives floats in [0, 1), the only randomness. The first period begins at `begin_ns`; draw
    it, or all members of a group probe at the same instant. Times are in nanoseconds of a clock
    that nobody sets.
    """

    def __init__(
        self,
        name: str,
        known: Iterable[str] = (),
        *,
        draw: Callable[[], float],
        begin_ns: int = 0,
        settings: Settings | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.name = name
        self.settings = settings or Settings()
        self.rules = rules or Rules()
        self._draw = draw
        self._view = View(final=not self.rules.rejoin)  # the rule
        self._rota = Rota(draw, in_turn=self.rules.round_robin)
        self._rumours = Rumours()
        self._relays = Relays()
        self._health = Health(self.settings.health if self.settings.lifeguard else 0)
        self._probe: Probe | None = None
        self._number = 0
        self._period_at_ns = begin_ns
        self._joined = False
        self._sync_at_ns = begin_ns
        self._outbox: list[AnyMessage] = []
        for other in (name, *known):
            self._believe(Claim(other, 0, "alive", other), begin_ns, news=False)
        self._view.changes.clear()

    # --- in

    def step(self, message: AnyMessage, now_ns: int) -> None:
        """A message has come."""
        for claim in message.claims:
            self._hear(claim, now_ns, hearsay=isinstance(message, Sync))
        # After the claims, which may be about the sender: it is the newest of all about itself.
        self._hear(Claim(message.sender, message.incarnation, "alive", message.sender), now_ns)
        if isinstance(message, Ping):
            self._say(Ack, message.sender, number=message.number)
        elif isinstance(message, PingReq):
            number = self._ping(message.target)
            until_ns = now_ns + self.settings.period_ns
            self._relays.add(number, message.sender, message.number, until_ns)
        elif isinstance(message, Ack):
            self._on_ack(message)
        else:
            if not self._joined:
                self._joined = True
                # At a time of its own, or all who began together exchange together for ever.
                share = self._draw() if self.settings.sync else 1.0
                self._sync_at_ns = now_ns + int(self._sync_ns() * share)
            if message.asks:
                self._sync(message.sender, asks=False)

    def tick(self, now_ns: int) -> None:
        """Time has passed. Does nothing before `due_ns`."""
        probe = self._probe
        if probe is not None and probe.helped_at_ns <= now_ns and not probe.answered:
            self._ask_others(probe)
        for claim in self._view.overdue(now_ns):
            self._accuse(claim, "dead", now_ns)
        if now_ns >= self._sync_at_ns:
            self._join(now_ns)
        if now_ns >= self._period_at_ns:
            self._end_period(now_ns)
            self._begin_period(now_ns)

    @property
    def due_ns(self) -> int:
        """When `tick` has something to do, if no message comes before."""
        times = [self._period_at_ns, self._sync_at_ns, *self._view.deadlines.values()]
        if self._probe is not None and not self._probe.answered:
            times.append(self._probe.helped_at_ns)
        return min(times)

    def join(self, known: Iterable[str], now_ns: int) -> None:
        """Ask these who the members are, until one of them has answered."""
        mine = self._view.claims[self.name]
        if mine.status == "left":
            self._believe(Claim(self.name, mine.incarnation + 1, "alive", self.name), now_ns)
        for name in known:
            self._believe(Claim(name, 0, "alive", name), now_ns, news=False)
        self._joined = False
        self._join(now_ns)

    def leave(self, now_ns: int) -> None:
        """Tell the others that this member goes, on purpose. Stay until `told`, to pass it on."""
        self._believe(Claim(self.name, self.incarnation, "left", self.name), now_ns)
        for name in sampled(self._rota.names, self.settings.helpers, self._draw):
            self._sync(name, asks=False)

    # --- out

    def take(self) -> Output:
        """All that is to be done since the last call."""
        output = Output(tuple(self._outbox), tuple(self._view.changes))
        self._outbox.clear()
        self._view.changes.clear()
        return output

    # --- to be looked at

    @property
    def incarnation(self) -> int:
        """Of this member, as it says itself."""
        return self._view.claims[self.name].incarnation

    @property
    def view(self) -> dict[str, Status]:
        """What is believed of each name ever heard, this member included."""
        return {name: claim.status for name, claim in self._view.claims.items()}

    @property
    def claims(self) -> dict[str, Claim]:
        """The newest claim about each name."""
        return dict(self._view.claims)

    @property
    def belongs(self) -> bool:
        """Whether it is a member of a group, as far as it knows."""
        claims = self._view.claims
        return len(claims) > 1 and not claims[self.name].gone

    @property
    def told(self) -> bool:
        """Whether all news was passed on as often as it should be."""
        return len(self._rumours) == 0

    @property
    def health(self) -> int:
        """How far this member doubts itself; 0 is not at all."""
        return self._health.score

    # --- believing

    def _hear(self, claim: Claim, now_ns: int, *, hearsay: bool = False) -> None:
        if claim.name == self.name:
            self._hear_of_myself(claim, now_ns)
            return
        if hearsay and claim.status == "dead" and self.rules.suspicion:
            # Who comes from the other side of a cut holds everybody here for dead; let them object.
            held = self._view.claims.get(claim.name)
            if held is not None and not held.gone:
                claim = Claim(claim.name, claim.incarnation, "suspect", claim.by)
        self._believe(claim, now_ns)

    def _hear_of_myself(self, claim: Claim, now_ns: int) -> None:
        mine = self._view.claims[self.name]
        earlier_life = claim.incarnation > mine.incarnation
        if mine.status == "left" or (claim.incarnation < mine.incarnation):
            return
        if claim.status == "suspect":
            may = self.rules.refutation  # the rule
        elif claim.gone:
            may = self.rules.rejoin
        else:
            may = earlier_life
        if may:
            self._view.claims[self.name] = mine = Claim(
                self.name, claim.incarnation + 1, "alive", self.name
            )
            self._rumours.add(mine)
            if claim.status == "suspect":
                self._health.worse()

    def _believe(self, claim: Claim, now_ns: int, *, news: bool = True) -> None:
        if not self._view.take(claim):
            return
        name = claim.name
        if news:
            self._rumours.add(claim)
        if name == self.name:
            return
        if claim.gone:
            self._rota.remove(name)
        else:
            self._rota.add(name)
        if claim.status == "suspect":
            self._view.deadlines[name] = now_ns + self.settings.suspicion_ns(self._view.living)

    def _accuse(self, claim: Claim, status: Status, now_ns: int) -> None:
        self._believe(Claim(claim.name, claim.incarnation, status, self.name), now_ns)

    # --- probing

    def _end_period(self, now_ns: int) -> None:
        probe, self._probe = self._probe, None
        if probe is None:
            self._health.better()  # who has nobody to probe has no reason to doubt itself
        if probe is None or probe.answered:
            return
        self._health.worse()
        held = self._view.claims[probe.target]
        if held.status == "alive":
            # the rule: who does not answer is suspect, and not yet dead
            self._accuse(held, "suspect" if self.rules.suspicion else "dead", now_ns)

    def _begin_period(self, now_ns: int) -> None:
        settings = self.settings
        self._period_at_ns = now_ns + self._health.stretched(settings.period_ns)
        self._relays.forget(now_ns)
        target = self._rota.turn()
        if target is not None:
            number = self._ping(target)
            helped_at_ns = now_ns + self._health.stretched(settings.ack_ns)
            self._probe = Probe(target, number, helped_at_ns)

    def _ask_others(self, probe: Probe) -> None:
        probe.helped_at_ns = _NEVER
        if self.rules.indirect:  # the rule
            others = [name for name in self._rota.names if name != probe.target]
            for name in sampled(others, self.settings.helpers, self._draw):
                self._say(PingReq, name, number=probe.number, target=probe.target)

    def _on_ack(self, message: Ack) -> None:
        wanted = self._relays.pop(message.number)
        if wanted is not None:
            origin, number = wanted
            self._say(Ack, origin, number=number)
        elif self._probe is not None and self._probe.number == message.number:
            if not self._probe.answered:
                self._health.better()
            self._probe.answered = True

    # --- exchanging all

    def _sync_ns(self) -> int:
        """The pause between two exchanges; a period, for who has not been told anything yet."""
        if not self._joined:
            return self.settings.period_ns
        return self.settings.sync * self.settings.period_ns or _NEVER

    def _join(self, now_ns: int) -> None:
        """Ask a random one for all that it knows; the dead too, since they may be alive."""
        self._sync_at_ns = now_ns + self._sync_ns()
        asked = [
            name
            for name, claim in self._view.claims.items()
            if name != self.name
            and (not claim.gone or (self.rules.rejoin and claim.status == "dead"))
        ]
        for name in sampled(asked, 1, self._draw):
            self._sync(name, asks=True)

    def _sync(self, to: str, *, asks: bool) -> None:
        everything = tuple(self._view.claims.values())
        self._outbox.append(Sync(self.name, to, self.incarnation, everything, asks))

    # --- saying

    def _ping(self, to: str) -> int:
        self._number += 1
        self._say(Ping, to, number=self._number)
        return self._number

    def _say(self, kind: Callable[..., AnyMessage], to: str, **fields: object) -> None:
        """Send a message with news on it, first of all what the other one should object to, and
        that this member has left.
        """
        settings = self.settings
        news = self._rumours.pick(settings.piggyback, settings.copies(self._view.living))
        for name in (to, self.name):
            held = self._view.claims.get(name)
            if held is not None and held.status != "alive" and held not in news:
                news = (held, *news)
        self._outbox.append(kind(self.name, to, self.incarnation, news, **fields))
