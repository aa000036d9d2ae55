"""Owns the way to other machines: any `concurrent.futures.Executor`, and Dask's by its address.

Whoever runs our function there does so in a thread, beside others, and may never end it. So each of
these threads keeps a crew of one: runs have a process of their own there too, which can be ended.
Jobs travel as values; the scenario must lie at the same path there, and be the same.
"""

from __future__ import annotations

import platform
import socket
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, Self

import msgspec

from minicloud.errors import UsageError
from minicloud.scenario.loading import described
from minicloud.scenario.running import Result, source_digest, versions
from minicloud.scenario.sweeping.crew import CHUNK_MOST, CHUNK_S, Crew, Numbered, Work, lost
from minicloud.scenario.sweeping.worker import Start, Worker

__all__ = ["Abroad", "Errand", "connected", "do_errand"]

_IDLE_S = 20
_SLACK_S = 60.0
_CONNECT_S = 10.0
_TRIES = 2


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """Work for one thread of an executor.

    `limit_s` is for each run; after as much no further run begins. `versions` and `source` are
    those of the machine that asks.
    """

    work: list[Work]
    limit_s: float
    versions: dict[str, str]
    source: str | None


_threads = threading.local()


def do_errand(errand: Errand) -> list[Result | None]:
    """Make these runs on this machine; None for each that was not begun in time."""
    wrong = _unfit(errand)
    if wrong is not None:
        return [lost(work, wrong) for work in errand.work]
    end = monotonic() + errand.limit_s
    todo = ((n, one) for n, one in enumerate(errand.work) if not n or monotonic() < end)
    try:
        done = dict(_crew(errand.limit_s).results(todo))
    except BaseException:
        # Half of an errand is in it: the next one begins with another.
        _threads.crew.close()
        del _threads.crew
        raise
    return [done.get(n) for n in range(len(errand.work))]


def _crew(limit_s: float) -> Crew:
    """The crew of this thread; it stays for the next errand."""
    if not hasattr(_threads, "crew"):
        _threads.crew = Crew(1, limit_s=limit_s, start=_visitor)
    crew: Crew = _threads.crew
    crew.limit_s = limit_s
    return crew


def _visitor(_: int) -> Worker:
    # It leaves by itself: nobody tells us when the sweep is over.
    return Worker(Start(path=sys.path, idle_s=_IDLE_S))


def _unfit(errand: Errand) -> str | None:
    """Why results of this machine would be no part of the sweep, in one sentence; or None."""
    machine = platform.node()
    file = Path(errand.work[0][0].file)
    if not file.is_file():
        return f"{machine} has no file {file}; put the scenario at the same path on every machine"
    if errand.source is not None and source_digest(file) != errand.source:
        return f"{file} is another on {machine}; put the same scenario on every machine"
    here = versions()
    for name, there in errand.versions.items():
        if _minor(name, here.get(name, "not there")) != _minor(name, there):
            return f"{name} is {here.get(name, 'not there')} on {machine}, and {there} here"
    return None


def _minor(name: str, number: str) -> str:
    """A digest holds for all releases of one Python minor version."""
    return ".".join(number.split(".")[:2]) if name == "python" else number


class _Flight(msgspec.Struct):
    chunk: list[Numbered]
    began: float


class Abroad:
    """Work that is done by an executor, `size` errands at a time; loses no more than it must."""

    def __init__(self, executor: Executor, size: int, limit_s: float) -> None:
        self._executor = executor
        self._size = size
        self._limit_s = limit_s
        self._chunk = 1
        self._versions = versions()
        self._sources: dict[str, str | None] = {}
        self._flying: dict[Future[list[Result | None]], _Flight] = {}
        self._tries: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._flying:
            future.cancel()

    def results(self, work: Iterator[Numbered]) -> Iterator[tuple[int, Result]]:
        """Every result, with the number of its work, as it comes."""
        again: deque[Numbered] = deque()
        while True:
            # Two for each, so that nobody waits for us to answer.
            while len(self._flying) < 2 * self._size:
                chunk = [again.popleft()] if again else list(islice(work, self._chunk))
                if not chunk:
                    break
                self._submit(chunk)
            if not self._flying:
                return
            patience_s = 4 * self._limit_s + _SLACK_S
            done, waiting = wait(self._flying, timeout=patience_s, return_when=FIRST_COMPLETED)
            for future in sorted(done or waiting, key=lambda f: self._flying[f].chunk[0][0]):
                flight = self._flying.pop(future)
                if not done:
                    future.cancel()
                    why = f"the executor was silent for {patience_s:g} s"
                    yield from ((number, lost(one, why)) for number, one in flight.chunk)
                else:
                    yield from self._landed(future, flight, again)

    def _submit(self, chunk: list[Numbered]) -> None:
        errand = Errand(
            work=[work for _, work in chunk],
            limit_s=self._limit_s,
            versions=self._versions,
            source=self._source(chunk[0][1][0].file),
        )
        future: Future[list[Result | None]]
        try:
            future = self._executor.submit(do_errand, errand)
        except RuntimeError as error:  # also a pool that is broken or shut down
            future = Future()
            future.set_exception(error)
        self._flying[future] = _Flight(chunk, monotonic())

    def _source(self, file: str) -> str | None:
        if file not in self._sources:
            self._sources[file] = source_digest(Path(file)) if Path(file).is_file() else None
        return self._sources[file]

    def _landed(
        self, future: Future[list[Result | None]], flight: _Flight, again: deque[Numbered]
    ) -> Iterator[tuple[int, Result]]:
        error = None if future.cancelled() else future.exception()
        if error is None and not future.cancelled():
            results = future.result()
            took_s = max(1e-4, (monotonic() - flight.began) / len(results))
            self._chunk = max(1, min(CHUNK_MOST, 2 * self._chunk, int(4 * CHUNK_S / took_s)))
            for one, result in zip(flight.chunk, results, strict=True):
                if result is None:
                    again.append(one)
                else:
                    yield one[0], result
            return
        why = "it was cancelled" if error is None else described(error)
        for one in flight.chunk:
            tries = self._tries[one[0]] = self._tries.get(one[0], 0) + 1
            if tries < _TRIES:
                again.append(one)
            else:
                yield one[0], lost(one[1], f"the executor lost this run: {why}")


@contextmanager
def connected(url: str) -> Iterator[tuple[Executor, int]]:
    """The executor at `dask://host:port`, and how many threads it has.

    Raises `UsageError` where Dask is not installed, nobody answers, or there is no worker.
    """
    scheme, _, address = url.partition("://")
    if scheme != "dask" or not address.rpartition(":")[2].isdigit():
        raise UsageError(f"--executor {url}: write dask://HOST:PORT, a Dask scheduler's address")
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"--executor {url}: Dask is not installed; pip install 'minicloud[dask]'"
        ) from error
    client = _client(Client, url, address)
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise UsageError(f"--executor {url}: the scheduler has no worker; start dask worker")
        executor: Executor = client.get_executor(pure=False)
        yield executor, threads
    finally:
        client.close()


def _client(make: Any, url: str, address: str) -> Any:
    host, _, port = address.rpartition(":")
    try:
        # A refusal comes at once here, where Dask would go on asking.
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
        return make(f"tcp://{address}", timeout=_CONNECT_S, set_as_default=False)
    except (OSError, OverflowError) as error:
        raise UsageError(f"--executor {url}: no Dask scheduler answers there") from error
