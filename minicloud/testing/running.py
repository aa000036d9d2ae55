"""Runs one cloud test for its seeds and raises what fails it, bare; knows no pytest hooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec
import pytest

from minicloud.cloud import Cloud, run_cloud
from minicloud.cloud.snapshot import probe_with
from minicloud.errors import Undecided
from minicloud.kernel.entropy import Tape
from minicloud.kernel.guard import look_again
from minicloud.kernel.orders.tapes import Counting
from minicloud.node.life.probe import Cut, Probe
from minicloud.scenario.api import Case
from minicloud.scenario.crashing.matrix import cuts_of, points_of
from minicloud.scenario.exploring import explore
from minicloud.testing.corpus import STALE, Corpus, Kept, corpus_of, decisions_of
from minicloud.testing.failing import why_it_fails
from minicloud.testing.plan import Plan
from minicloud.testing.plugin import LAST_RUN
from minicloud.testing.report import LAST_NOTES, LastRun
from minicloud.testing.tracebacks import raise_at, trim

__all__ = ["run_seeds"]

Main = Callable[..., Awaitable[object]]
Notes = deque[tuple[float, str]]


def run_seeds(item: pytest.Item, plan: Plan, main: Main, function: Any) -> object:
    """Call `main(cloud=…)` once for each seed of the plan; what it returned last is returned.

    The first seed that fails ends it: with the test's own exception, or with `Violated`,
    `Undecided` or the `RunFailure` that names what went wrong.
    """
    __tracebackhide__ = True
    returned: object = None
    look_again()
    corpus = corpus_of(item, getattr(item, "node_id", item.nodeid))
    if corpus is not None and plan.exhaustive is None:
        _try_kept(item, plan, main, function=function, corpus=corpus)
    for nth in range(plan.seeds):
        one = _run_once if plan.exhaustive is None else _run_all_orders
        last, error = one(main, plan, nth)
        if error is None and plan.crash_points is not None:
            last, error = _run_all_crashes(main, plan, nth)
        returned = last.run.value
        item.stash[LAST_RUN] = last
        if error is not None:
            if corpus is not None and plan.exhaustive is None and isinstance(error, Exception):
                _keep(corpus, main, plan, nth=nth, last=last, error=error)
            _raise(item, function, error)
    return returned


def _raise(item: pytest.Item, function: Any, error: BaseException) -> NoReturn:
    __tracebackhide__ = True
    if not item.config.getoption("fulltrace"):
        trim(error)
    if error.__traceback__ is None:
        raise_at(function, error)
    raise error


def _try_kept(item: pytest.Item, plan: Plan, main: Main, *, function: Any, corpus: Corpus) -> None:
    """Try the cases that failed before; one that passes is stale, unless it decides as it did."""
    __tracebackhide__ = True
    for file, kept in corpus.cases():
        counting = Counting()
        again = msgspec.structs.replace(plan, seed=kept.seed, seeds=1, order=kept.order)
        last, error = _run_once(main, again, 0, counting)
        if error is not None:
            item.stash[LAST_RUN] = last
            _raise(item, function, error)
        if decisions_of(counting.counts) != kept.decisions:
            name = file.relative_to(item.config.rootpath).as_posix()
            item.user_properties.append((STALE, name))


def _keep(
    corpus: Corpus, main: Main, plan: Plan, *, nth: int, last: LastRun, error: Exception
) -> None:
    counting = Counting()
    _run_once(main, plan, nth, counting)
    kept = Kept(
        test=corpus.test,
        seed=plan.seed + nth,
        order=plan.order,
        failed=f"{type(error).__name__}: {error}".partition("\n")[0][:200],
        decisions=decisions_of(counting.counts),
        digest=last.run.digest,
    )
    corpus.keep(kept)


def _run_once(
    main: Main, plan: Plan, nth: int, tape: Tape | None = None
) -> tuple[LastRun, BaseException | None]:
    notes: Notes = deque(maxlen=LAST_NOTES)
    run = run_cloud(
        _taking_notes(main, notes),
        seed=plan.seed + nth,
        limits=plan.limits,
        check_timeout=plan.check_timeout,
        order=plan.order,
        guard=plan.guard,
        tape=tape,
    )
    return LastRun(run=run, notes=list(notes), plan=plan, nth=nth), why_it_fails(run)


def _run_all_orders(main: Main, plan: Plan, nth: int) -> tuple[LastRun, BaseException | None]:
    notes: Notes = deque(maxlen=LAST_NOTES)
    assert plan.exhaustive is not None
    found = explore(
        _taking_notes(main, notes),
        bound=plan.exhaustive,
        seed=plan.seed + nth,
        limits=plan.limits,
        check_timeout=plan.check_timeout,
        guard=plan.guard,
    )
    run, failure = found.run, found.failure
    assert run is not None
    words = () if failure is None else tuple(failure.words)
    last = LastRun(run=run, notes=list(notes), plan=plan, nth=nth, deviations=words)
    if failure is None:
        return last, None if found.proven else Undecided(str(found))
    return last, why_it_fails(run)


def _run_all_crashes(main: Main, plan: Plan, nth: int) -> tuple[LastRun, BaseException | None]:
    """One run for each crash point, as many as the plan says; the first that fails ends it."""
    assert plan.crash_points is not None
    notes: Notes = deque(maxlen=LAST_NOTES)
    start = _taking_notes(main, notes)
    case = Case("test", None, {}, None, seed=plan.seed + nth, order=plan.order, guard=plan.guard)
    last: LastRun | None = None
    times = points_of(start, case)
    for cut in cuts_of(times, plan.crash_points):

        async def with_cut(cloud: Cloud, cut: Cut = cut) -> object:
            probe_with(cloud, Probe(cut))
            return await main(cloud=cloud)

        last, error = _run_once(with_cut, plan, nth)
        if error is not None:
            words = f"{cut.host} lost power before {cut.point}, number {cut.occurrence}"
            at_s = times[cut.host, cut.point][cut.occurrence - 1] / 1e9
            return msgspec.structs.replace(last, notes=[*last.notes, (at_s, words)]), error
    assert last is not None
    return last, None


def _taking_notes(main: Main, notes: Notes) -> Callable[[Cloud], Awaitable[object]]:
    # Notes are written to a trace, and a test leaves none: its report needs the last few.
    async def call(cloud: Cloud) -> object:
        notes.clear()
        write = cloud.note

        def note(text: str) -> None:
            notes.append((cloud.now, str(text)))
            write(text)

        cloud.note = note  # type: ignore[method-assign]
        return await main(cloud=cloud)

    return call
