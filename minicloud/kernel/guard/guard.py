"""Owns the guard of one run: it puts the stand-ins in place, has calls watched, and undoes both.

Knows no single leak; `gate` decides about each.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, get_args

from minicloud.errors import UsageError
from minicloud.kernel.guard import effects
from minicloud.kernel.guard.draws import Numpy
from minicloud.kernel.guard.gate import Policy, gate
from minicloud.kernel.guard.swaps import Swaps
from minicloud.kernel.guard.watch import Watch

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["Guard", "real_names"]


class Guard:
    """A context manager around a run, or around each stretch of it: `enter` and `leave` may follow
    each other many times.

    policy: "error" ends the run with `Leak` where the user's code reaches for the real clock or for
    randomness that no seed decides, and gives libraries the run's own; "virtual" gives everybody
    the run's own; "off" does nothing. Under both of the first, whoever starts a thread or a process
    or opens a socket ends the run. Raises `UsageError` for another policy.
    """

    def __init__(self, kernel: Kernel, policy: Policy = "error") -> None:
        if policy not in get_args(Policy):
            raise UsageError(f"guard={policy!r}: write {', '.join(map(repr, get_args(Policy)))}")
        self._kernel = kernel
        self._policy = policy
        self._depth = 0
        self._numpy = Numpy()
        self._watch = Watch(_swaps().stand_ins) if policy != "off" else None
        self._users_dates = policy == "virtual" or (policy == "error" and not Watch.can_look())

    def enter(self) -> None:
        """Guard what runs from now on, in this thread."""
        watch = self._watch
        if watch is None:
            return
        self._depth += 1
        if self._depth > 1:
            return
        try:
            effects.listen()
            self._numpy.enter(lambda: self._kernel.entropy.key("guard", "numpy") & 0xFFFFFFFF)
            _swaps().enter(users_dates=self._users_dates)
            gate.open(self._kernel, self._policy)
            watch.enter()
        except BaseException:  # such as an interrupt
            self.leave()
            raise

    def leave(self) -> None:
        """Let the process be as it was."""
        if self._watch is None:
            return
        self._depth -= 1
        if self._depth:
            return
        self._watch.leave()
        gate.close()
        _swaps().leave()
        self._numpy.leave()

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *exc: object) -> None:
        self.leave()


class _Process:
    swaps: Swaps | None = None


def _swaps() -> Swaps:
    if _Process.swaps is None:
        _Process.swaps = Swaps()
    return _Process.swaps


@contextmanager
def real_names() -> Iterator[None]:
    """Let type hints be read with the real date classes, also while a module holds stand-ins."""
    swaps = _Process.swaps
    if swaps is None or not swaps.holds_users_dates:
        yield
        return
    swaps.leave()
    try:
        yield
    finally:
        swaps.enter(users_dates=True)
