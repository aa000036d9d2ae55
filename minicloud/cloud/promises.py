"""Owns what a run promises: checks judged after the seal, properties watched while it runs."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from minicloud.check.history import History
from minicloud.check.verdict import Check, Verdict
from minicloud.errors import UsageError
from minicloud.kernel.clock import seconds
from minicloud.kernel.run import RANK_LIMIT, Kernel
from minicloud.kernel.waiting import Wait
from minicloud.node.world import World

__all__ = ["CheckResult", "Promises", "crash_results"]

Predicate = Callable[[], "bool | None"]


class CheckResult(msgspec.Struct):
    """What became of one check."""

    name: str
    verdict: Verdict
    detail: str
    model: str | None = None
    """The model that it judged by, so that the history can be judged again from its file."""
    service: str | None = None
    """The service that it judged, or None for the whole history."""


class _Property:
    def __init__(self, predicate: Predicate) -> None:
        self.predicate = predicate
        self.name = predicate.__name__
        self.broken: str | None = None
        self.looked = 0

    def look(self, now: float) -> None:
        self.looked += 1
        why = _holds(self.predicate)
        if why is not None:
            self.broken = f"broken at {now:g} s{': ' + why if why else ''}"


def _holds(predicate: Predicate) -> str | None:
    """None where it holds; else why not, in its own words if it has some."""
    try:
        held = predicate()
    except AssertionError as error:
        return str(error) or "assertion failed"
    # None is the answer of a function that asserts; anything else says by its truth.
    return None if held is None or held else ""


class Promises:
    """The checks and properties of one run, and the waits of `until`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._checks: list[Check | Predicate] = []
        self._properties: list[_Property] = []
        self._conditions: dict[Wait, Predicate] = {}
        kernel.on_seal.append(self._look_last)

    def add(self, *checks: Check | Predicate) -> None:
        """Declare checks to be judged at the end. Raises `UsageError` for what is no check."""
        given: tuple[Any, ...] = checks
        for check in given:
            if not hasattr(check, "judge") and not callable(check):
                advice = "give a check such as linearizable(store), or a function"
                msg = f"cloud.check({check!r}): {advice}"
                raise UsageError(msg)
            self._checks.append(check)

    def always(self, predicate: Predicate) -> None:
        """Declare a property to be looked at after every event."""
        if inspect.iscoroutinefunction(predicate):
            msg = f"@cloud.always {predicate.__name__} is async; a property must be a plain def"
            raise UsageError(msg)
        self._properties.append(_Property(predicate))
        self._watch()

    async def until(self, predicate: Predicate, timeout: float | None) -> None:
        """Wait until a condition holds, looked at after every event."""
        if _holds(predicate) is None:
            return
        line = getattr(getattr(predicate, "__code__", None), "co_firstlineno", "?")
        wait = Wait(self._kernel, lambda: f"the condition of until() at line {line}")
        self._conditions[wait] = predicate
        self._watch()
        if timeout is not None:
            late = AssertionError(
                f"until(): the condition of line {line} did not hold in {timeout:g} s"
            )
            due_ns = self._kernel.clock.now_ns + round(timeout * 1e9)
            self._kernel.at(due_ns, lambda _: wait.throw(late), rank=RANK_LIMIT)
        try:
            await wait.park()
        finally:
            self._conditions.pop(wait, None)
            self._watch()

    def _watch(self) -> None:
        watched = any(p.broken is None for p in self._properties) or bool(self._conditions)
        self._kernel.clock.watch(self._look if watched else None)

    def _look(self) -> None:
        for promise in self._properties:
            if promise.broken is None:
                promise.look(self._kernel.now)
        for wait, predicate in list(self._conditions.items()):
            if _holds(predicate) is None:
                wait.wake()

    def _look_last(self) -> None:
        """What the last step of all did counts too; a node that is down by then says nothing."""
        with suppress(Exception):
            self._conditions.clear()
            self._look()

    def judge(self, history: History, *, timeout: float) -> list[CheckResult]:
        """Judge everything that was declared; the run is over."""
        results = []
        for promise in self._properties:
            verdict = Verdict.VALID if promise.broken is None else Verdict.INVALID
            if not promise.looked:
                verdict = Verdict.UNKNOWN
            detail = promise.broken or f"looked at after {promise.looked:,} events"
            results.append(CheckResult(promise.name, verdict, detail))
        for check in self._checks:
            if isinstance(check, Check):
                judged = check.judge(history, timeout=timeout)
                model, service = getattr(check, "model", None), getattr(check, "service", None)
                detail = judged.why if service is None else f"{service}: {judged.why}"
                results.append(
                    CheckResult(
                        check.name,
                        judged.verdict,
                        detail,
                        model=getattr(model, "name", model),
                        service=service,
                    )
                )
            else:
                why = _holds(check)
                verdict = Verdict.VALID if why is None else Verdict.INVALID
                results.append(CheckResult(check.__name__, verdict, why or ""))
        return results


def crash_results(world: World) -> list[CheckResult]:
    """The built-in check `no-crash`; empty where no node's code raised what nobody expected."""
    if not world.unexpected:
        return []
    first = world.unexpected[0]
    error: Any = first.error
    lines = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in lines if "/minicloud/" not in frame.filename] or lines
    at = f" ({own[-1].filename.rsplit('/', 1)[-1]}:{own[-1].lineno})" if own else ""
    more = len(world.unexpected) - 1
    detail = (
        f"{first.incarnation} raised {type(error).__name__}: {error}{at} "
        f"in {first.where} at {seconds(first.time_ns):g} s"
        f"{f', and {more} more like it' if more else ''}"
    )
    return [CheckResult("no-crash", Verdict.INVALID, detail)]
