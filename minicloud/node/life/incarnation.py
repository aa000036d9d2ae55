"""Owns one life of a node, from boot to power cut: its context, tasks, timers, what it sends and
hears.

Handles of a dead incarnation do nothing, silently: code of the dead may still unwind, and must not
touch the living. Calls and their replies are in `calls`; machines that boot and crash in `host`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from heapq import heappush
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from minicloud.errors import OutcomeUnknown, PowerCut, Refused, UsageError
from minicloud.kernel.clock import NS, to_ns
from minicloud.kernel.limits import StallInterrupt
from minicloud.kernel.records import Fate, Kind
from minicloud.kernel.run import RANK_FAULT, bare
from minicloud.kernel.scheduler import Domain, domain_var
from minicloud.kernel.waiting import Wait
from minicloud.net.envelope import REFUSAL, REPLY, Envelope, KeptEnvelope
from minicloud.node.life.activity import Activity, activity_var
from minicloud.node.life.calls import Calls
from minicloud.node.life.sender import Sender
from minicloud.node.life.tasks import Tasks
from minicloud.node.machine.timers import Timer, fire
from minicloud.node.messages.handlers import HandlerSpec
from minicloud.node.messages.later import Later

if TYPE_CHECKING:
    from minicloud.node.host import Host

__all__ = ["Incarnation"]

_FATE = int(Kind.FATE)
_LONG = 1e6
"""Seconds, below which a duration certainly has a number of nanoseconds."""
_DELIVERED, _DELIVERED_COPY = Fate.DELIVERED, Fate.DELIVERED_COPY


class Incarnation(Sender):
    """The machinery behind one `Node` object."""

    __slots__ = (
        "_handlers",
        "_node",
        "calls",
        "context",
        "domain",
        "host",
        "kernel",
        "tasks",
        "timers",
    )

    def __init__(self, host: Host[Any], number: int) -> None:
        super().__init__(host.world.network, host.port, f"{host.name}.{number}")
        self.host = host
        self.kernel = host.world.kernel
        self.domain = Domain(host.name, host.clock)
        self.context: Context = self.kernel.base_context.copy()
        self.context.run(domain_var.set, self.domain)
        self.calls = Calls(self)
        self.timers = 0
        self._node: Any = None
        self._handlers: dict[str, HandlerSpec] = {}
        self.tasks = Tasks(self.kernel, self.context)

    def listen(self, node: object, handlers: dict[str, HandlerSpec]) -> None:
        """Answer with the handlers of the node object; what arrives before goes unheard."""
        self._node, self._handlers = node, handlers

    def end(self) -> None:
        """From now on its handles do nothing, silently."""
        self.alive = self.tasks.alive = False

    # Receiving.

    def receive(  # noqa: C901, PLR0912 - in one piece, for it is the hottest path
        self, envelope: Envelope, done: Callable[[], None] | None = None
    ) -> None:
        """Take a message from the port and run its handler: the end of its way.

        A machine with limits has a server, which takes the message first, and gives it back, when
        its turn has come, with a `done` that is called when the handler has ended.
        """
        if envelope.answer:
            self.calls.answered(envelope)
            return
        if self.server is not None and done is None:
            self.server.offer(envelope)
            return
        _, _, identity, _, op, _, kind, call, remaining_ns, payload = envelope.record
        spec = self._handlers.get(kind)
        if spec is None:
            self._unheard(envelope, done)
            return
        try:
            message = spec.decode(payload)
        except Exception as error:  # noqa: BLE001 - sorted out below
            self._unreadable(error, envelope, done)
            return
        network = self.network
        now_ns = network.clock.now_ns
        fate = _DELIVERED_COPY if envelope.copy else _DELIVERED
        network.emit((_FATE, now_ns, identity, fate, self.label))
        deadline_ns = None if remaining_ns is None else now_ns + remaining_ns
        activity: Activity = (identity, op, deadline_ns)
        if spec.is_async:
            args = (message, envelope.source) if spec.wants_sender else (message,)
            self.tasks.serve(self._serve_as_task, (spec, args, envelope, activity, done))
            return
        # The fast path: no task and no scope, within the event that delivers.
        self.activity = activity
        try:
            if spec.wants_sender:
                result = self.context.run(spec.function, self._node, message, envelope.source)
            else:
                result = self.context.run(spec.function, self._node, message)
            if result.__class__ is Later:
                if done is None or not result.idle:
                    result.when_said(self._teller(envelope, spec, done))
                    return
                result.when_said(self._teller(envelope, spec, None))
            elif call is not None:
                self.answer(envelope, REPLY, result)
        except BaseException as error:  # noqa: BLE001 - sorted out below
            self._raised(error, envelope, spec)
        finally:
            self.activity = None
        if done is not None:
            done()

    def _teller(
        self, envelope: Envelope, spec: HandlerSpec, done: Callable[[], None] | None
    ) -> Callable[[Any], None]:
        """What answers a request whose handler has ended without a reply."""
        envelope = KeptEnvelope.of(envelope)

        def tell(said: Any) -> None:
            if not self.alive:
                return
            if isinstance(said, Refused):
                self._raised(said, envelope, spec)
            elif envelope.call is not None:
                self.answer(envelope, REPLY, said)
            if done is not None:
                # As an event of its own: the next handler can't begin within this one's callback.
                self.after(0, done, (), "done", quiet=True)

        return tell

    async def _serve_as_task(
        self,
        spec: HandlerSpec,
        args: tuple[Any, ...],
        envelope: Envelope,
        activity: Activity,
        done: Callable[[], None] | None,
    ) -> None:
        token = activity_var.set(activity)
        try:
            if spec.until_deadline and activity[2] is not None:
                with trio.move_on_at(activity[2] / NS) as scope:
                    result = await spec.function(self._node, *args)
                if scope.cancelled_caught:
                    return
            else:
                result = await spec.function(self._node, *args)
            if envelope.record[7] is not None:
                self.answer(envelope, REPLY, result)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - it must not take the node's tasks along
            error = bare(error)
            if isinstance(error, Exception):
                self._raised(error, envelope, spec)
            else:
                self.kernel.fail(error)
        finally:
            activity_var.reset(token)
            if done is not None:
                done()

    def _raised(self, error: BaseException, envelope: Envelope, spec: HandlerSpec) -> None:
        error = bare(error)
        if isinstance(error, PowerCut) and not self.alive:
            return
        if isinstance(error, OutcomeUnknown) and envelope.call is not None:
            return  # it does not know the outcome either, so its caller hears nothing
        if isinstance(error, Refused) and envelope.call is not None:
            shape = type(error)
            self.host.world.refusals[envelope.kind, shape.__name__] = shape
            try:
                self.answer(envelope, REFUSAL, [shape.__name__, list(error.args), vars(error)])
            except TypeError as problem:
                msg = f"{shape.__name__} can't travel: {problem}. Give it text, numbers or lists"
                error = UsageError(msg).with_traceback(error.__traceback__)
            else:
                return
        self.unexpected(error, f"handler {spec.method} of {envelope.kind}")

    def unexpected(self, error: BaseException, where: str) -> None:
        """An exception that nobody caught: it fails `no-crash`, or takes the node down."""
        if isinstance(error, StallInterrupt) or not isinstance(error, Exception):
            raise error
        if self.alive:
            self.host.unexpected(self, error, where)

    def _unreadable(
        self, error: Exception, envelope: Envelope, done: Callable[[], None] | None
    ) -> None:
        by = self.network.corrupted.get(envelope.id)
        if by is not None:
            self.network.fate(envelope, f"{Fate.UNREADABLE}: corrupt by {by}", self.label)
        else:
            self.network.fate(envelope, Fate.DELIVERED, self.label)
            if not isinstance(error, msgspec.ValidationError):
                raise error
            msg = (
                f"{envelope.source} sent a {envelope.shape.__name__} that is none: {error}. A "
                "field holds what its annotation does not allow"
            )
            self.unexpected(UsageError(msg), f"delivery of {envelope.kind}")
        if done is not None:
            done()

    def _unheard(self, envelope: Envelope, done: Callable[[], None] | None) -> None:
        self.network.fate(envelope, Fate.NO_HANDLER, self.label)
        name = envelope.shape.__name__
        known = ", ".join(spec.shape.__name__ for spec in self._handlers.values())
        msg = (
            f"{self.host.name} ({type(self._node).__name__}) received {name} from "
            f"{envelope.source} at {self.kernel.now:g} s and has no handler for it; it has "
            f"{known or 'none'}. Add a method with @handle and (self, request: {name})"
        )
        self.unexpected(UsageError(msg), f"delivery of {envelope.kind}")
        if done is not None:
            done()

    # Tasks and timers.

    def spawn(self, fn: Callable[..., Any], *args: Any) -> None:
        """Start a task of this incarnation, in its context and never in the caller's."""
        self.tasks.spawn(self._guarded, (fn, args), getattr(fn, "__name__", "task"))

    async def _guarded(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            await fn(*args)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - it must not take the node's tasks along
            error = bare(error)
            if isinstance(error, Exception):
                self.unexpected(error, f"task {getattr(fn, '__name__', fn)}")
            else:
                self.kernel.fail(error)

    def after(  # noqa: PLR0917 - see below
        self,
        delay_ns: int,
        fn: Callable[..., Any],
        args: tuple[Any, ...] = (),
        name: str = "",
        quiet: bool = False,  # noqa: FBT001, FBT002 - see below
        rank: int = RANK_FAULT,
    ) -> Timer:
        """Call `fn(*args)` after a local duration, as plain code of this incarnation."""
        # All by position, here and below: one call by name costs as much as the rest of a timer.
        self.timers = number = self.timers + 1
        clock = self.network.clock
        activity = self.activity or activity_var.get()
        machine = self.host.clock
        due_ns = clock.now_ns + (delay_ns if machine.rate == 1.0 else machine.true_ns(delay_ns))
        op = None if activity is None else activity[1]
        name = name or getattr(fn, "__name__", "timer")
        timer = Timer(self, number, due_ns, fn, args, name, op, quiet, rank)
        if self.alive:
            heappush(clock.heap, (due_ns, rank, clock.sequence(), fire, timer))
        return timer

    def act(
        self,
        activity: Activity,
        where: str,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> None:
        """Run plain code of the node within an event: a timer's, or a callback's."""
        if not self.alive:
            return
        self.activity = activity
        try:
            self.context.run(fn, *args)
        except PowerCut:
            if self.alive:
                raise
        except Exception as error:  # noqa: BLE001 - it fails `no-crash`
            self.unexpected(error, where)
        finally:
            self.activity = None

    async def sleep(self, duration: float) -> None:
        """Sleep by the machine's clock, in seconds."""
        if not self.alive:
            await self.calls.down()
        if duration <= 0:
            await trio.lowlevel.checkpoint()
            return
        wait = Wait(self.kernel, lambda: f"its own sleep of {duration:g} s", self.calls)
        delay_ns = round(duration * NS) if duration < _LONG else to_ns(duration)
        timer = self.after(delay_ns, wait.wake, (), "sleep", True)
        try:
            await wait.park()
        finally:
            if not timer.cancelled:
                timer.cancel()
