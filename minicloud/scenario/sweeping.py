"""Owns many runs at once: over processes of this machine, or any `concurrent.futures.Executor`.

Jobs travel, functions do not. A worker that dies (out of memory, killed) takes its pool with it:
what was under way is then repeated one job at a time, so that only the seed that kills is lost.
Processes, never threads: what the kernel borrows from Trio is global to a process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, Self

import msgspec

from minicloud.check import Verdict
from minicloud.errors import MinicloudError, UsageError
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.jobs import Job, job_of, run_job
from minicloud.scenario.loading import described, find, load
from minicloud.scenario.running import Result, execute, failed_result, result_of

__all__ = ["Sweep", "cores", "run_jobs", "seeds_of", "sweep", "sweep_results"]

_CHUNK_S = 0.3
"""Wall seconds of work to send a worker at once: enough to hide the sending, little to repeat."""
_CHUNK_MOST = 32


def cores() -> int:
    """How many processes this process may keep busy."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def seeds_of(text: str) -> range:
    """The seeds that `0..999` (both included) or a count stand for; `UsageError` otherwise."""
    first, dots, last = text.partition("..")
    words = (first, last) if dots else (first,)
    if not all(w.isascii() and w.isdigit() for w in words) or (dots and int(last) < int(first)):
        raise UsageError(f"--seeds {text}: write a range such as 0..999, or a count such as 200")
    seeds = range(int(first), int(last) + 1) if dots else range(int(first))
    if not seeds:
        raise UsageError(f"--seeds {text}: that is no seed at all; write a count above 0")
    return seeds


class Sweep(msgspec.Struct, kw_only=True):
    """What many seeds said, in the order of the seeds."""

    results: list[Result]

    def count(self, verdict: str | None) -> int:
        """How many runs had this verdict; None counts those that could not be run."""
        return sum(result.verdict == verdict for result in self.results)

    @property
    def failing(self) -> list[Result]:
        """The runs that are not valid."""
        return [result for result in self.results if result.verdict != Verdict.VALID.value]


def sweep(
    target: str | Path | Scenario[Any],
    *,
    seeds: Iterable[int] | int = 100,
    variant: str | None = None,
    params: Mapping[str, object] | None = None,
    until: float | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> Sweep:
    """Run one scenario under many seeds; nothing is written.

    `seeds` is a count or the seeds themselves. The runs go to `executor`, else to `jobs` processes
    of this machine (all cores if None). With `jobs=1` and no executor a function that workers could
    not import runs in this process. Raises `UsageError` for what is not there.
    """
    scenario = target if isinstance(target, Scenario) else load(find(str(target)))
    case = scenario.case(variant, params, until=until)
    wanted = range(seeds) if isinstance(seeds, int) else seeds
    results = sweep_results(scenario, case, wanted, jobs=jobs, executor=executor)
    return Sweep(results=list(results))


def sweep_results(
    scenario: Scenario[Any],
    case: Case,
    seeds: Iterable[int],
    *,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> Iterator[Result]:
    """The results of `case` under each seed, in the order of the seeds, as they come."""
    cases = (msgspec.structs.replace(case, seed=seed) for seed in seeds)
    if jobs == 1 and executor is None and not _travels(scenario, case):
        yield from (result_of(c, execute(scenario, c)) for c in cases)
        return
    yield from run_jobs(((job_of(scenario, c), c) for c in cases), jobs=jobs, executor=executor)


def _travels(scenario: Scenario[Any], case: Case) -> bool:
    try:
        job_of(scenario, case)
    except UsageError:
        return False
    return True


Work = tuple[Job, Case]
_Chunk = list[tuple[int, Work]]


def run_jobs(
    work: Iterable[Work], *, jobs: int | None = None, executor: Executor | None = None
) -> Iterator[Result]:
    """Run each job in a worker and yield the results in the order of the work."""
    if jobs is not None and jobs < 1:
        raise UsageError(f"jobs must be 1 or more, and is {jobs}")
    workers = jobs or cores()
    with _Crew(executor, workers) as crew:
        early: dict[int, Result] = {}
        following = 0
        for number, result in crew.results(enumerate(work)):
            early[number] = result
            while following in early:
                yield early.pop(following)
                following += 1


class _Crew:
    """Workers, what they are at, and what to do when one of them dies."""

    def __init__(self, executor: Executor | None, workers: int) -> None:
        self._given = executor
        self._workers = workers
        self._pool: Executor | None = executor
        self._size = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._close(kill=kind is not None)

    def results(self, work: Iterator[tuple[int, Work]]) -> Iterator[tuple[int, Result]]:
        """Every result, with the number of its work, as it comes."""
        flying: dict[Future[list[Result]], _Chunk] = {}
        while True:
            # Few at a time: what flies when a pool breaks is what must be repeated.
            while len(flying) < 2 * self._workers and (chunk := list(islice(work, self._size))):
                flying[self._submit(chunk)] = chunk
            if not flying:
                return
            done, _ = wait(flying, return_when=FIRST_COMPLETED)
            if any(future.exception() for future in done):
                # A broken pool fails everything that flies; elsewhere the others come home first.
                done, _ = wait(flying)
            lost: _Chunk = []
            for future in sorted(done, key=lambda f: flying[f][0][0]):
                chunk = flying.pop(future)
                if future.exception() is None:
                    yield from self._arrived(chunk, future.result())
                else:
                    lost += chunk
            yield from self._one_by_one(lost)

    def _arrived(self, chunk: _Chunk, results: list[Result]) -> Iterator[tuple[int, Result]]:
        took = sum(result.wall_s for result in results) / len(results)
        self._size = max(1, min(_CHUNK_MOST, int(_CHUNK_S / max(took, 1e-4))))
        yield from ((n, result) for (n, _), result in zip(chunk, results, strict=True))

    def _one_by_one(self, lost: _Chunk) -> Iterator[tuple[int, Result]]:
        if lost:
            self._close(kill=False)
        for number, work in lost:
            future = self._submit([(number, work)])
            error = future.exception()
            if error is None:
                yield number, future.result()[0]
            else:
                yield number, failed_result(work[1], _why(error), verdict=Verdict.UNKNOWN)
                self._close(kill=False)

    def _submit(self, chunk: _Chunk) -> Future[list[Result]]:
        jobs = [job for _, (job, _) in chunk]
        if self._pool is None:
            self._pool = _processes(self._workers)
        try:
            return self._pool.submit(_work, jobs)
        except BrokenProcessPool as error:
            broken: Future[list[Result]] = Future()
            broken.set_exception(error)
            return broken

    def _close(self, *, kill: bool) -> None:
        if self._given is not None or self._pool is None:
            return
        assert isinstance(self._pool, ProcessPoolExecutor)
        # Private, but public as terminate_workers() from 3.14 on: an interrupted sweep must not
        # wait for what its workers are at.
        processes = list((getattr(self._pool, "_processes", None) or {}).values()) if kill else []
        for process in processes:
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def _why(error: BaseException) -> str:
    if isinstance(error, BrokenProcessPool):
        return "the worker process died: out of memory, or killed"
    return f"the executor lost this run: {described(error)}"


def _processes(workers: int) -> ProcessPoolExecutor:
    # Not fork: Trio and the parent's threads do not survive one. A fork server imports once.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if isinstance(context, multiprocessing.context.ForkServerContext):
        context.set_forkserver_preload(["minicloud.scenario.sweeping"])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_enter)


def _enter() -> None:
    # The parent hears Ctrl-C and ends its workers; what a scenario prints is no result.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the worker lives


def _work(jobs: list[Job]) -> list[Result]:
    return [_attempt(job) for job in jobs]


def _attempt(job: Job) -> Result:
    try:
        return run_job(job)
    except Exception as error:  # noqa: BLE001 - one seed must not take its neighbours with it
        text = str(error) if isinstance(error, MinicloudError) else described(error)
        case = Case(job.scenario, job.variant, job.params, None, job.seed, job.until)
        return failed_result(case, text)
