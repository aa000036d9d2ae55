"""Owns what a run's plans were, as data: knobs, fault schedules, operations, order of tasks.

A run draws its plans from the seed and keeps them here; a `Script` may dictate some of them
instead. A dictated plan draws nothing, and every plan has streams of its own, so that taking one
entry out of a script moves nothing else. Knows neither who carries a plan out nor what is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.entropy import Tape
from minicloud.kernel.orders import recorded
from minicloud.kernel.orders.tapes import NEUTRAL_KINDS, Neutral, Stack

__all__ = ["Do", "Drawn", "Script", "tape_of"]


class Do(msgspec.Struct, frozen=True):
    """One operation of a load: at `at` virtual seconds, `client` makes a call with arguments.

    `client` is the name of the client's host, `call` a method of its, `args` plain data.
    """

    at: float
    client: str
    call: str
    args: tuple[Any, ...] = ()


class Script(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a run drew, or shall not draw: run it again with it, and the digest is the same.

    knobs: by name. schedules: by the name of the nemesis, `nemesis`, `nemesis-2`, …, with concrete
    names and times from the schedule's start. operations: by the name of the load, `load`, …, in
    absolute virtual time. What is not named here is drawn. tape: deviations from the draws, as
    data.
    """

    knobs: dict[str, Any] = {}
    schedules: dict[str, Any] = {}
    operations: dict[str, tuple[Do, ...]] = {}
    order: str = "random"
    tape: dict[str, Any] = {}
    seed: int | None = None
    """What is not dictated is drawn from this seed, if any, and not from the run's."""


class Drawn:
    """The plans of one run while it is going on. Each owner of a plan writes its own here."""

    __slots__ = ("_schedules", "knobs", "loads", "operations")

    def __init__(self) -> None:
        self.knobs: dict[str, Any] = {}
        self.loads: dict[str, str] = {}
        """What each load is, in words, by its name. No part of the script."""
        self.operations: dict[str, list[tuple[int, str, str, tuple[Any, ...]]]] = {}
        """By load, in the order they began: nanoseconds, client, call, arguments."""
        self._schedules: dict[str, Callable[[], Any]] = {}

    def schedule(self, name: str, resolved: Callable[[], Any]) -> None:
        """Keep a nemesis' plan; `resolved()` gives it at the end, as it came to be."""
        self._schedules[name] = resolved

    def script(self, order: str, given: Script) -> Script:
        """Everything so far, as the script that would repeat a run that was `given` another."""
        return Script(
            knobs=dict(self.knobs),
            schedules={name: resolved() for name, resolved in self._schedules.items()},
            operations={
                name: tuple(Do(ns / 1e9, client, call, args) for ns, client, call, args in done)
                for name, done in self.operations.items()
            },
            order=order,
            tape=given.tape,
            seed=given.seed,
        )


def tape_of(script: Script, tape: Tape | None) -> Tape | None:
    """What stands between the streams of a run and their readers: the script's tape, then this one.

    Raises `UsageError` for a tape that is none.
    """
    if not script.tape:
        return tape
    if "tape" in script.tape:
        own = recorded.tape_of(recorded.read_tape(script.tape))
        return own if tape is None else Stack(own, tape)
    unknown = [key for key in script.tape if key not in ("neutral", "keep")]
    if unknown:
        raise UsageError(f"script: a tape has neutral and keep, and not {unknown[0]!r}")
    keep = {tuple(name.split(" ")): kept for name, kept in script.tape.get("keep", {}).items()}
    neutral = Neutral(keep, script.tape.get("neutral", NEUTRAL_KINDS))
    return neutral if tape is None else Stack(neutral, tape)
