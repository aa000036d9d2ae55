"""Owns which task runs next: seeded orders, and the withholding of tasks whose node may not run.

Trio hands each batch of runnable tasks, sorted by birth, to `shuffle`. A task belongs to a domain
(a node's incarnation) through its context; a paused or dead domain's tasks are taken out of every
queue of the living and kept. Knows tasks and domains, not nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

import trio

from minicloud.kernel import _trio

if TYPE_CHECKING:
    from minicloud.kernel.entropy import Draw

__all__ = ["Domain", "Readings", "Scheduler", "Shuffler", "domain_var"]

Task = trio.lowlevel.Task


class Readings(Protocol):
    """A clock as its machine has it, in nanoseconds since the world began."""

    def wall_ns(self) -> int: ...
    def monotonic_ns(self) -> int: ...


class Domain:
    """Tasks that live, stop and die together. `label` names it in errors.

    `clock` is what its code is shown when it asks for the time; None is true time.
    """

    __slots__ = ("clock", "held", "label", "withheld")

    def __init__(self, label: str, clock: Readings | None = None) -> None:
        self.label = label
        self.clock = clock
        self.withheld = False
        self.held: list[Task] = []

    def __repr__(self) -> str:
        return f"<Domain {self.label}{' withheld' if self.withheld else ''}>"


domain_var: ContextVar[Domain | None] = ContextVar("minicloud_domain", default=None)


class Shuffler(Protocol):
    """What Trio asks of its module-wide random source, and Hypothesis of anything registered."""

    def random(self) -> float: ...
    def uniform(self, a: float, b: float) -> float: ...
    def shuffle(self, batch: list[Task]) -> None: ...
    def seed(self, *args: object) -> None: ...
    def getstate(self) -> object: ...
    def setstate(self, state: object) -> None: ...


class Scheduler:
    """Stands where Trio has its random source; see `_trio`."""

    __slots__ = (
        "_batch",
        "_draw",
        "_on_spin",
        "_spin_at",
        "_state",
        "_withheld",
        "instant",
        "steps",
    )

    tells_tasks_apart = False
    """Whether it knows more of a task than its birth, so that none may stand for another."""

    def __init__(self, draw: Draw, instant_limit: int, on_spin: Callable[[], None]) -> None:
        self._draw = draw
        self._batch: list[Task] = []
        self._withheld: dict[Domain, None] = {}
        self._state: _trio.TrioState | None = None
        self._on_spin = on_spin
        self.instant = instant_limit
        self.steps = 0
        """Task steps so far, across the run."""
        self._spin_at = instant_limit

    def attach(self, state: _trio.TrioState) -> None:
        """Take hold of the run queue, once Trio's loop has begun."""
        self._state = state

    # What Trio and Hypothesis call.

    def random(self) -> float:
        return self._draw()

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._draw()

    def seed(self, *args: object) -> None:
        """Nothing: the seed of a run is the run's."""

    def getstate(self) -> object:
        return None

    def setstate(self, state: object) -> None:
        """Nothing, as `seed`."""

    def shuffle(self, batch: list[Task]) -> None:
        """Choose the order of a batch; Trio runs it from the end."""
        if self._withheld:
            batch[:] = [task for task in batch if not self._hold(task)]
        count = len(batch)
        self.steps += count
        if self.steps >= self._spin_at:
            self._spin_at = self.steps + self.instant
            self._on_spin()
        if count > 1:
            self._order(batch)
        self._batch = batch

    def go_on(self, batch: list[Task]) -> None:
        """Take over a batch whose order was chosen before."""
        self._batch = batch

    @property
    def decisions(self) -> int:
        """How many decisions an order of its own has made; 0 where there is none."""
        return 0

    def describe(self) -> str:
        """The order of this run in a few words."""
        return "random"

    def _order(self, batch: list[Task]) -> None:
        system = self._apart(batch)
        draw = self._draw
        for last in range(len(batch) - 1, 0, -1):
            other = int(draw() * (last + 1))
            batch[last], batch[other] = batch[other], batch[last]
        batch.extend(system)

    def _apart(self, batch: list[Task]) -> list[Task]:
        """Take Trio's own tasks out of a batch.

        A signal of the real world may wake one at any time. Such a task goes first and draws
        nothing, so the order of the others does not depend on wall time.
        """
        state = self._state
        if state is None:
            return []
        system = [task for task in batch if state.is_system(task)]
        if system:
            batch[:] = [task for task in batch if task not in system]
        return system

    # What nodes ask for.

    def withhold(self, domain: Domain) -> None:
        """From now on no task of the domain takes a step."""
        if domain.withheld:
            return
        domain.withheld = True
        self._withheld[domain] = None
        # The rest of the batch that is running now, and what is queued for the next.
        self._batch[:] = [task for task in self._batch if not self._hold(task)]
        if self._state is not None:
            queue = list(self._state.runq)
            self._state.runq.clear()
            self._state.runq.extend(task for task in queue if not self._hold(task))

    def release(self, domain: Domain) -> None:
        """Let the domain's tasks run again, those that became runnable meanwhile first."""
        domain.withheld = False
        self._withheld.pop(domain, None)
        assert self._state is not None
        self._state.runq.extend(domain.held)
        domain.held.clear()

    def end(self) -> None:
        """Wake every withheld task with `Cancelled`: the run is over and they may unwind."""
        assert self._state is not None
        domains = list(self._withheld)
        self._withheld.clear()
        for domain in domains:
            domain.withheld = False
            _trio.revive(domain.held, self._state)
            domain.held = []

    def kill(self, domain: Domain) -> None:
        """Take the domain's waiting tasks out of everything they wait for, shielded ones too."""
        assert self._state is not None
        for task in self._state.tasks():
            if task.context.get(domain_var) is domain:
                _trio.abort(task)

    def _hold(self, task: Task) -> bool:
        domain = task.context.get(domain_var)
        if domain is None or not domain.withheld:
            return False
        domain.held.append(task)
        return True
