"""Owns the cloud that plain code moves: open, step, call, deliver by hand, close and judge."""

from __future__ import annotations

import inspect
import math
import warnings
import weakref
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, overload

import trio

from minicloud.cloud import Cloud, Limits, Run
from minicloud.cloud.script import Script
from minicloud.errors import UsageError
from minicloud.kernel.entropy import Tape
from minicloud.kernel.guard import Policy
from minicloud.net.envelope import Envelope
from minicloud.node.life.calls import Unset
from minicloud.node.messages.message import Message, Request
from minicloud.node.node import Node
from minicloud.testing.failing import why_it_fails
from minicloud.testing.stepping.future import Future
from minicloud.testing.stepping.session import Session
from minicloud.testing.stepping.steps import Step, described

__all__ = ["Simulation"]

P = ParamSpec("P")
T = TypeVar("T")

_forgotten: list[Session] = []
"""Simulations that nobody holds and that could not be closed when that was noticed."""


class Simulation:
    """A simulated cloud that plain code moves: `with Simulation(seed=0) as sim:`.

    Virtual time passes only in the calls that say so, and between them the process is as if there
    were no simulation. The same seed and the same calls give the same digest, and it is that of an
    `async def` scenario that does the same.

    What fails the run is raised by the call that met it: a deadlock, a livelock or a limit, which
    end it; and, as long as it is `strict`, an exception that nobody expected in a node, bare, and
    `Violated` for a broken property, after both of which it can go on. At the end of a `with` block
    the checks are judged, and a run that fails raises why.

    seed: decides everything that the calls do not.
    by_hand: messages wait on their links until `deliver`.
    until: virtual seconds after which the run is cut short. trace: a file for the raw trace.
    script, tape, order, guard, limits, check_timeout: as for a run of a scenario.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        by_hand: bool = False,
        strict: bool = True,
        script: Script | None = None,
        tape: Tape | None = None,
        order: str | None = None,
        guard: Policy = "error",
        until: float | None = None,
        limits: Limits | None = None,
        trace: Path | None = None,
        check_timeout: float = 30.0,
    ) -> None:
        _close_forgotten()
        self._session = Session(
            seed=seed,
            by_hand=by_hand,
            strict=strict,
            script=script or Script(),
            tape=tape,
            order=order,
            guard=guard,
            until=until,
            limits=limits,
            trace=trace,
            check_timeout=check_timeout,
        )
        self._finalizer = weakref.finalize(self, _forget, self._session)

    @property
    def cloud(self) -> Cloud:
        """The cloud: all of it that needs no `await` works as in a scenario."""
        return self._session.cloud

    @property
    def now(self) -> float:
        """Virtual time in seconds."""
        return self._session.kernel.now

    # Letting time pass.

    def run_for(self, duration: float) -> None:
        """Let virtual seconds pass."""
        if not 0 <= duration < math.inf:
            raise UsageError(f"sim.run_for({duration!r}): give seconds from 0")
        self._session.perform("run_for", self.cloud.sleep, duration)

    def run_until(
        self, when: float | Callable[[], bool | None], *, timeout: float | None = None
    ) -> None:
        """Run until a virtual time, or until a condition holds; it is looked at after every event.

        Raises `AssertionError` where the condition does not hold within `timeout` seconds.
        """
        if callable(when):
            self._session.perform("run_until", self.cloud.until, when, timeout=timeout)
            return
        if not self.now <= when < math.inf:
            raise UsageError(f"sim.run_until({when!r}): it is {self.now:g} s already; give a later")
        self._session.perform("run_until", trio.sleep_until, when)

    def step(self) -> Step | None:
        """Let one thing happen: a message arrives, a timer fires. None where nothing is to come.

        When the last of an instant has happened, tasks run until they wait again.
        """
        event = self._session.step()
        return None if event is None else described(event, self.now)

    def settle(self) -> None:
        """Let all run that can run at this instant: no time passes and no message arrives."""
        self._session.settle()

    # Doing things that take time.

    @overload
    def call(
        self,
        client: Node,
        target: Any,
        request: Request[T],
        /,
        *,
        timeout: float | type[Unset] | None = Unset,
    ) -> T: ...
    @overload
    def call(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    def call(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Do something to its end: `sim.call(alice, bank, Pay(10))`, `sim.call(store.put, "x", 1)`.

        Gives what the async function returns, or raises what it raises, bare. A client or node in
        place of the function makes the call as its own `call` does.
        """
        return self._session.perform("call", _function(fn, "call"), *args, **kwargs)

    @overload
    def do(
        self,
        client: Node,
        target: Any,
        request: Request[T],
        /,
        *,
        timeout: float | type[Unset] | None = Unset,
    ) -> Future[T]: ...
    @overload
    def do(
        self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]: ...
    def do(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Begin something, as far as it gets at this instant, and give a handle on it.

        It takes what `call` takes. An error of its that is no `CallError` and that nobody asked for
        fails the run at its end.
        """
        return self._session.begin(_function(fn, "do"), *args, **kwargs)

    # Messages by hand.

    @property
    def by_hand(self) -> bool:
        """Whether messages wait until they are delivered; may be set."""
        return self._session.by_hand

    @by_hand.setter
    def by_hand(self, wanted: bool) -> None:
        (self._session.hold if wanted else self._session.release)()

    def in_flight(self, kind: type[Message] | str | None = None) -> list[Envelope]:
        """Messages that have left and not arrived, in the order they would arrive.

        While they wait to be delivered by hand: in the order they were sent, those of one instant
        by their hosts.
        """
        found = self.cloud.net.in_flight(kind=kind)
        if not self.by_hand:
            return found
        place = {name: number for number, name in enumerate(self.cloud.hosts)}
        return sorted(found, key=lambda one: (one.sent_ns, place[one.source], one.id[1]))

    def deliver(self, message: Envelope | None = None) -> bool:
        """Let a message arrive now, whatever held it, and run what it wakes; by default the first.

        False where it has arrived already, or where none is under way.
        """
        return self._one("deliver", message, self.cloud.net.deliver_message)

    def drop(self, message: Envelope | None = None) -> bool:
        """Drop a message that is under way; as for `deliver`."""
        return self._one("drop", message, self.cloud.net.drop_message)

    def _one(self, name: str, message: Envelope | None, act: Callable[[Envelope], bool]) -> bool:
        chosen = message or next(iter(self.in_flight()), None)
        if chosen is None:
            return False
        return self._session.bring(lambda: act(chosen), name)

    # Ending.

    def inside(self) -> AbstractContextManager[None]:
        """For code that touches Trio's own things of the simulated world, such as an event."""
        return self._session.kernel.inside()

    def close(self) -> Run:
        """End the run and judge it: verdict, checks, digest, history. Raises nothing for them."""
        self._finalizer.detach()
        return self._session.close()

    def finish(self) -> Run:
        """As `close`, and raise what fails the run, if anything does."""
        run = self.close()
        why = why_it_fails(run)
        if why is not None:
            raise why
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self.finish()
        else:
            self._finalizer.detach()
            self._session.close(error)

    def __repr__(self) -> str:
        if self._session.run is not None:
            return f"<Simulation seed {self.cloud.seed} closed at {self.now:g} s>"
        count = len(self.in_flight())
        return f"<Simulation seed {self.cloud.seed} at {self.now:g} s, {count} messages in flight>"


def _function(fn: Any, name: str) -> Any:
    if inspect.iscoroutine(fn):
        fn.close()
        msg = (
            f"sim.{name}({fn.__qualname__}(…)): give the function and its arguments apart, as in "
            f"sim.{name}({fn.__qualname__}, …)"
        )
        raise UsageError(msg)
    return fn.call if isinstance(fn, Node) else fn


def _forget(session: Session) -> None:
    """Nobody holds the simulation any more; called wherever that happens to be noticed."""
    _forgotten.append(session)
    if not session.stepper.over:
        text = f"A Simulation of seed {session.cloud.seed} was not closed. Use `with`, or close()"
        warnings.warn(text, ResourceWarning, stacklevel=2)


def _close_forgotten() -> None:
    while _forgotten:
        _forgotten.pop().stepper.end()
