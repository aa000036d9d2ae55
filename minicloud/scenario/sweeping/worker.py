"""Owns one worker: a process that runs jobs in turn and says each result as it comes.

It is a fresh interpreter, not a fork: Trio does not survive one, a hash seed is fixed at the start,
and another Python than this one must be possible. Parent and child share one socket and nothing
else, so a child whose parent is gone reads the end of it and leaves. Knows no other worker.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from weakref import finalize

import msgspec

from minicloud.errors import MinicloudError
from minicloud.scenario.api import Case
from minicloud.scenario.jobs import Job, run_job
from minicloud.scenario.loading import described
from minicloud.scenario.running import Result, failed_result

__all__ = ["Gone", "Start", "Worker", "case_of", "serve"]

_MAIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]) or sys.path; "
    "from minicloud.scenario.sweeping.worker import serve; serve(*map(int, sys.argv[2:]))"
)
_TAKEN = b""
"""What a worker says when it begins with the jobs it was given."""


class Gone(Exception):
    """The worker is no more."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker's process is started.

    `path` is its module search path, or the interpreter's own if empty; `ballast` is how many bytes
    or so stay allocated, so that all that follows lies elsewhere in memory; `idle_s` are the wall
    seconds without work after which it leaves, 0 for never.
    """

    python: str = sys.executable
    path: Sequence[str] = ()
    environment: dict[str, str] = {}
    ballast: int = 0
    idle_s: int = 0


class Worker:
    """One process, from its start until `close`."""

    def __init__(self, start: Start | None = None) -> None:
        start = start or Start(path=sys.path)
        ours, theirs = socket.socketpair()
        words = [start.python, "-P", "-c", _MAIN, json.dumps(list(start.path))]
        numbers = [theirs.fileno(), start.ballast, start.idle_s]
        with theirs, _deaf():
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [*words, *map(str, numbers)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **start.environment},
            )
        self.pid = process.pid
        self._connection = Connection(ours.detach())
        # Also where nobody closes it: a worker in a thread of somebody's pool, at the very end.
        self._end = finalize(self, _end, process, self._connection)

    def fileno(self) -> int:
        """What to wait on for this worker to say something, or to end."""
        return self._connection.fileno()

    def give(self, jobs: list[Job]) -> None:
        """Send jobs to a worker that has none. Raises `Gone`."""
        try:
            self._connection.send_bytes(msgspec.json.encode(jobs))
        except OSError as error:
            raise Gone from error

    def hear(self) -> Result | None:
        """The next result, or None where it says that it begins. Raises `Gone`; waits."""
        try:
            said = self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise Gone from error
        return None if said == _TAKEN else msgspec.json.decode(said, type=Result)

    def close(self) -> None:
        """End the process, whatever it is at."""
        self._end()


def _end(process: subprocess.Popen[bytes], connection: Connection) -> None:
    connection.close()
    process.kill()
    process.wait()


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started inside does not hear Ctrl-C until it says so: the parent hears it for all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(handle: int, ballast: int, idle_s: int) -> None:
    """Be a worker on the other end of `handle`, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    # Objects that stay alive move everything that is allocated later to other addresses.
    kept = [bytearray(16 + 8 * (n % 61)) for n in range(ballast)]
    decode = msgspec.json.Decoder(list[Job]).decode
    with Connection(handle) as connection, suppress(EOFError, OSError):
        while connection.poll(idle_s or None):
            jobs = decode(connection.recv_bytes())
            connection.send_bytes(_TAKEN)
            for job in jobs:
                connection.send_bytes(msgspec.json.encode(_attempt(job, run_job)))
    del kept


def _attempt(job: Job, run: Callable[[Job], Result]) -> Result:
    try:
        return run(job)
    except Exception as error:  # noqa: BLE001 - one seed must not take its neighbours with it
        text = str(error) if isinstance(error, MinicloudError) else described(error)
        return failed_result(case_of(job), text)


def case_of(job: Job) -> Case:
    """The case of a job, as far as it can be told without its scenario."""
    known = job.order, job.script, job.cut, job.guard
    return Case(job.scenario, job.variant, job.params, None, job.seed, job.until, *known)
