"""Owns requests that wait for replies: matching, deadlines, quorums; knows no handler.

A reply is matched by (caller, incarnation, call number) and the first one wins. A late and a
duplicate reply are fates in the trace. Retries, hedging and breakers are policies around a call,
never here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import trio

from minicloud.errors import CallError, OutcomeUnknown, QuorumFailed, Refused, UsageError
from minicloud.kernel.clock import to_ns
from minicloud.kernel.records import Fate, Kind
from minicloud.kernel.run import RANK_LIMIT
from minicloud.kernel.scheduler import domain_var
from minicloud.kernel.waiting import Wait
from minicloud.net.envelope import REPLY, Envelope
from minicloud.node.life.activity import NOBODY
from minicloud.node.messages.message import reply_decoder_of

if TYPE_CHECKING:
    from minicloud.node.life.incarnation import Incarnation
    from minicloud.node.machine.timers import Timer

__all__ = ["DEFAULT_TIMEOUT", "Calls", "Unset"]

DEFAULT_TIMEOUT = 5.0
"""Seconds, where a call neither says nor is part of an operation with a deadline."""

_REMEMBERED = 4096
_FATE = int(Kind.FATE)

Then = Callable[[Any], None]
"""Takes the reply, or the `CallError` that came instead."""


class Unset:
    """The type of a timeout that was not given."""


class Calls:
    """The calls that one incarnation has under way."""

    __slots__ = ("_answered", "_incarnation", "_number", "_pending")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._number = 0
        self._pending: dict[int, Then] = {}
        self._answered: dict[int, None] = {}

    # What comes back.

    def answered(self, envelope: Envelope) -> None:
        """Take a reply or a refusal from the port."""
        incarnation = self._incarnation
        network, call = incarnation.network, envelope.record[7]
        assert call is not None
        if envelope.incarnation != incarnation.label:
            network.fate(envelope, Fate.STALE, incarnation.label)
            return
        then = self._pending.pop(call, None)
        if then is None:
            fate = Fate.DUPLICATE_REPLY if call in self._answered else Fate.LATE_REPLY
            network.fate(envelope, fate, incarnation.label)
            return
        failed: Exception | None = None
        try:
            if envelope.answer == REPLY:
                result = reply_decoder_of(envelope.shape)(envelope.record[9])
            else:
                result = self._refusal(envelope)
        except Exception as error:  # noqa: BLE001 - of a damaged answer, anything may be wrong
            by = network.corrupted.get(envelope.id)
            if by is not None:
                self._pending[call] = then
                network.fate(envelope, f"{Fate.UNREADABLE}: corrupt by {by}", incarnation.label)
                return
            failed = error
        network.fate(envelope, Fate.DELIVERED, incarnation.label)
        self._answered[call] = None
        if len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]
        then(result if failed is None else self._no_reply(envelope, failed))

    def _no_reply(self, envelope: Envelope, error: Exception) -> OutcomeUnknown:
        """The answer is none of the replies that the request's type allows: the answerer's bug."""
        if not isinstance(error, msgspec.ValidationError):
            raise error
        msg = f"{envelope.source} answered {envelope.kind} with no such reply: {error}"
        self._incarnation.unexpected(UsageError(msg), f"reply to {envelope.kind}")
        return OutcomeUnknown(msg)

    def _refusal(self, envelope: Envelope) -> Refused:
        name, args, attributes = msgspec.msgpack.decode(envelope.payload)
        shape = self._incarnation.host.world.refusals.get((envelope.kind, name), Refused)
        # Not through its `__init__`, whose parameters need not be the arguments that it kept.
        refused = shape.__new__(shape, *args)
        refused.args = tuple(args)
        vars(refused).update(attributes)
        return refused

    def drop_all(self) -> None:
        """End every call, as its caller has lost power.

        Tasks of the dead stay where they are; a scenario's own task that waited through this host
        learns that nobody will ever tell.
        """
        self._pending.clear()
        label, domain = self._incarnation.label, self._incarnation.domain
        for wait in list(self._incarnation.kernel.waits):
            task = wait.task
            if task is None or wait.through is not self:
                continue
            if task.context.get(domain_var) is not domain:
                wait.throw(OutcomeUnknown(f"{label} crashed while it waited for {wait.what()}"))

    # What is asked.

    def ask(
        self, target: str, request: Any, then: Then, timeout: float | type[Unset] | None
    ) -> None:
        """Send a request and call `then` with its reply or `CallError`: no task, no await."""
        incarnation = self._incarnation
        deadline_ns, duration = self._limit(timeout)
        serving = incarnation.serving()
        timer: Timer | None = None

        def settled(result: Any) -> None:
            if timer is not None:
                timer.cancel()
            where = f"reply to {request._kind}"
            incarnation.act(serving or NOBODY, where, then, (result,))

        number = self._register(settled)
        incarnation.send(target, request, call=number, deadline_ns=deadline_ns)
        if duration is not None:
            timer = self._limit_timer(duration, self._expire, number, target, request, duration)

    async def call(self, target: str, request: Any, timeout: float | type[Unset] | None) -> Any:
        """Send a request and wait for its reply.

        Raises a `Refused` subclass where the service said no, `OutcomeUnknown` where no reply came.
        """
        incarnation = self._incarnation
        if incarnation.host.paused_ns is not None:
            await self._paused()
        if not incarnation.alive:
            await self.down()
        deadline_ns, duration = self._limit(timeout)
        kind = request._kind
        limit = "no timeout" if duration is None else f"timeout {duration:g} s"
        wait = Wait(incarnation.kernel, lambda: f"{target}'s reply to {kind} ({limit})", self)
        number = self._register(lambda result: _settle(wait, result))
        timer: Timer | None = None
        try:
            incarnation.send(target, request, call=number, deadline_ns=deadline_ns)
            if duration is not None:
                timer = self._limit_timer(duration, self._expire, number, target, request, duration)
            return await wait.park()
        finally:
            self._pending.pop(number, None)
            if timer is not None:
                timer.cancel()

    async def quorum(
        self,
        targets: Iterable[str],
        request: Any,
        *,
        need: int,
        timeout: float | type[Unset] | None,
        late: Callable[[str, Any], None] | None,
    ) -> dict[str, Any]:
        """Send one request to many and wait until `need` of them have replied."""
        # Two addresses of one host are one responder.
        network = self._incarnation.network
        known = {} if network.aliases else network.ports
        responders = {known.get(name) or network.resolve(name) or name: name for name in targets}
        names = list(responders.values())
        if need > len(names):
            raise UsageError(f"A quorum of {need} can't come from {len(names)} nodes: {names}")
        incarnation = self._incarnation
        if incarnation.host.paused_ns is not None:
            await self._paused()
        if not incarnation.alive:
            await self.down()
        deadline_ns, duration = self._limit(timeout)
        kind = request._kind
        wait = Wait(incarnation.kernel, lambda: f"{need} of {len(names)} replies to {kind}", self)
        serving = incarnation.serving() or NOBODY

        def hear(name: str, reply: Any) -> None:
            if late is not None:
                incarnation.act(serving, f"late reply to {kind}", late, (name, reply))

        gathering = _Gathering(wait, kind, len(names), need, hear)
        timer: Timer | None = None
        numbers = [self._register(gathering.taker(name)) for name in names]
        incarnation.send_each(names, request, numbers, deadline_ns)
        if duration is not None:
            timer = self._limit_timer(duration, self._give_up, numbers, gathering, duration)
        if need <= 0:
            gathering.finished = True
            return {}
        try:
            await wait.park()
            return dict(gathering.replies)
        finally:
            if timer is not None and not self._any_pending(numbers):
                timer.cancel()

    async def down(self) -> NoReturn:
        """Say to somebody's code outside that it can do nothing with a host that is down."""
        # A step, for whoever tries again and again would never let anything else happen.
        await trio.lowlevel.checkpoint()
        raise OutcomeUnknown(f"{self._incarnation.label} is down, so nothing happens")

    async def _paused(self) -> None:
        """Let somebody's code outside wait for the end of a pause, as the node's own does."""
        incarnation = self._incarnation
        while incarnation.alive and incarnation.host.paused_ns is not None:
            wait = Wait(
                incarnation.kernel, lambda: f"the end of {incarnation.host.name}'s pause", self
            )
            # Due at once, so it is the pause that keeps it.
            incarnation.after(0, wait.wake, (), "pause", True)
            await wait.park()

    def _any_pending(self, numbers: list[int]) -> bool:
        return any(number in self._pending for number in numbers)

    def _give_up(self, numbers: list[int], gathering: _Gathering, duration: float) -> None:
        for number in numbers:
            self._pending.pop(number, None)
        gathering.fail(f"in {duration:g} s")

    def _register(self, then: Then) -> int:
        self._number += 1
        self._pending[self._number] = then
        return self._number

    def _limit_timer(self, duration: float, fn: Callable[..., Any], *args: Any) -> Timer:
        return self._incarnation.after(to_ns(duration), fn, args, "", True, RANK_LIMIT)

    def _expire(self, number: int, target: str, request: Any, duration: float) -> None:
        then = self._pending.pop(number, None)
        if then is not None:
            name = self._incarnation.host.name
            text = (
                f"{name} → {target} {request!r}: no reply in {duration:g} s; it may have happened"
            )
            then(OutcomeUnknown(text))

    def _limit(self, timeout: float | type[Unset] | None) -> tuple[int | None, float | None]:
        """The deadline in virtual nanoseconds and the local seconds until it.

        What is left of the operation being served bounds every call below it.
        """
        incarnation = self._incarnation
        now_ns = incarnation.kernel.clock.now_ns
        serving = incarnation.serving()
        outer_ns = None if serving is None else serving[2]
        clock = incarnation.host.clock
        left = None if outer_ns is None else clock.local_ns(max(0, outer_ns - now_ns)) / 1e9
        duration: float | None
        if isinstance(timeout, type):
            duration = DEFAULT_TIMEOUT if left is None else left
        elif timeout is None or timeout == inf:
            duration = left
        else:
            if not timeout >= 0:
                raise UsageError(f"timeout={timeout!r}: give seconds from 0, or None for ever")
            duration = timeout if left is None else min(timeout, left)
        if duration is None:
            return None, None
        return now_ns + clock.true_ns(to_ns(duration)), duration


class _Gathering:
    """The replies to one quorum call. Each responder counts once."""

    __slots__ = ("_kind", "_late", "_need", "_of", "_wait", "finished", "refusals", "replies")

    def __init__(
        self,
        wait: Wait,
        kind: str,
        of: int,
        need: int,
        late: Callable[[str, Any], None],
    ) -> None:
        self._wait = wait
        self._kind = kind
        self._of = of
        self._need = need
        self._late = late
        self.replies: dict[str, Any] = {}
        self.refusals: dict[str, Refused] = {}
        self.finished = False

    def taker(self, name: str) -> Then:
        """What takes the answer of one responder."""

        def take(result: Any) -> None:
            if self.finished:
                if not isinstance(result, CallError):
                    self._late(name, result)
            elif isinstance(result, CallError):
                self._of -= 1
                if isinstance(result, Refused):
                    self.refusals[name] = result
                if self._of < self._need:
                    self.fail("early")
            else:
                self.replies[name] = result
                if len(self.replies) >= self._need:
                    self.finished = True
                    self._wait.wake()

        return take

    def fail(self, how: str) -> None:
        """The quorum can't be reached any more."""
        if self.finished:
            return
        self.finished = True
        refused = ", ".join(f"{name}: {error}" for name, error in self.refusals.items())
        text = (
            f"{self._kind}: {len(self.replies)} of {self._need} replies {how}"
            f"{f' (refused by {refused})' if refused else ''}; it may have happened"
        )
        self._wait.throw(QuorumFailed(text, dict(self.replies), dict(self.refusals)))


def _settle(wait: Wait, result: Any) -> None:
    if isinstance(result, CallError):
        wait.throw(result)
    else:
        wait.wake(result)
