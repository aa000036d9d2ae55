"""Owns the decision at each leak: a value of the run's own, the real one, or an error that ends it.

There is one gate a process, since what it stands before is the process's; a guard opens it for the
length of a run. Knows whose code asks (`origin`) and what is said (`words`), not what is replaced.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident
from types import FrameType
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from minicloud.errors import Leak
from minicloud.kernel.guard.origin import (
    WRAPPERS,
    Origin,
    asker,
    call_name,
    doer,
    kind_of,
    site,
)
from minicloud.kernel.guard.words import FILE, NAME, Leakage, kept, sentence
from minicloud.kernel.scheduler import domain_var

if TYPE_CHECKING:
    from minicloud.kernel.entropy import Stream
    from minicloud.kernel.run import Kernel

__all__ = ["EPOCH_S", "Gate", "Policy", "allowed", "gate"]

Policy = Literal["error", "virtual", "off"]

EPOCH_S: Final = 1_893_456_000
"""Virtual time 0 for code that asks for a date: 2030-01-01T00:00:00Z, in seconds since 1970."""

_EPOCH_NS: Final = EPOCH_S * 1_000_000_000

_FILE_WRAPPERS = frozenset(
    [
        "pathlib",
        "pathlib._local",
        "pathlib._abc",
        "io",
        "codecs",
        "gzip",
        "bz2",
        "lzma",
        "zipfile",
        "tarfile",
        "shutil",
        "tempfile",
        "os",
        "shelve",
        "dbm",
        "dbm.dumb",
        "dbm.sqlite3",
        "sqlite3",
        "fileinput",
        "configparser",
        "csv",
        "tomllib",
        "json",
        "pickle",
        "glob",
    ]
)
"""Modules of Python's that open what their caller names; others read for a purpose of their own."""

_allowed: ContextVar[bool] = ContextVar("minicloud_guard_allowed", default=False)


@contextmanager
def allowed() -> Iterator[None]:
    """Let the code inside the block reach the real clock, randomness, threads, sockets and files.

    For a measurement beside the run, never for anything that the run's course depends on. It holds
    for the task that opened it, also while that task waits.
    """
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


class Gate:
    """What stands between the process and the run that is guarded just now, if one is."""

    __slots__ = ("_kernel", "_policy", "_thread")

    def __init__(self) -> None:
        self._kernel: Kernel | None = None
        self._policy: Policy = "off"
        self._thread = 0

    def open(self, kernel: Kernel, policy: Policy) -> None:
        """From now on code of this thread belongs to the run."""
        self._kernel, self._policy, self._thread = kernel, policy, get_ident()

    def close(self) -> None:
        """No run is guarded."""
        self._kernel = None

    @property
    def guards(self) -> bool:
        """Whether the code that runs now belongs to a guarded run, and nobody allowed it more."""
        return self._kernel is not None and get_ident() == self._thread and not _allowed.get()

    # The run's own, for whoever runs now.

    def _kernel_now(self) -> Kernel:
        assert self._kernel is not None, "asked for a run's own outside a run"
        return self._kernel

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 by the clock of the node that runs; true time in a scenario."""
        domain = domain_var.get()
        if domain is None or domain.clock is None:
            return _EPOCH_NS + self._kernel_now().clock.now_ns
        return _EPOCH_NS + domain.clock.wall_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds since the world began by the clock of the node that runs."""
        domain = domain_var.get()
        if domain is None or domain.clock is None:
            return self._kernel_now().clock.now_ns
        return domain.clock.monotonic_ns()

    def stream(self) -> Stream:
        """The stream of the node that runs, for code that asks nobody for one."""
        domain = domain_var.get()
        entropy = self._kernel_now().entropy
        return entropy.stream("guard") if domain is None else entropy.stream("guard", domain.label)

    def identity(self) -> tuple[str, int]:
        """The name of who runs, and 47 bits that belong to it."""
        domain = domain_var.get()
        name = "scenario" if domain is None else domain.label
        return name, self._kernel_now().entropy.key("guard", "identity", name) >> 17

    @property
    def in_node(self) -> bool:
        """Whether it is a node's code that runs."""
        return domain_var.get() is not None

    # Decisions.

    def gives(self, name: str, leakage: Leakage) -> bool:
        """Whether the caller of our caller must be given the run's own.

        Raises `Leak` where it is the user's own code, which should not have asked.
        """
        if not self.guards:
            return False
        who = asker(sys._getframe(2))  # noqa: SLF001 - whose code asks is the question
        if who.kind > Origin.LIBRARY:
            return False
        if who.kind is Origin.USER and who.direct and self._strict():
            call = call_name(who.callee, name)
            self._raise(who.frame, call, NAME if call.startswith("uuid.uuid") else leakage)
        return True

    def caught(self, name: str, leakage: Leakage, frame: FrameType) -> None:
        """The real thing is about to be called in `frame`, past every replacement."""
        if not self.guards or self._kernel_now().clock.stopped:
            return
        kind = kind_of(frame)
        if kind is Origin.USER:
            self._raise(frame, name, leakage)
        elif kind is Origin.LIBRARY:
            self._fail(kept(site(frame), name, self._label()))

    def refuses(self, name: str, leakage: Leakage, argument: str = "") -> None:
        """Raise `Leak` unless it is the run's own machinery that does this to the real world."""
        if not self.guards:
            return
        who = doer(sys._getframe(2))  # noqa: SLF001 - whose code does it is the question
        if who is not None:
            self._raise(who.frame, call_name(who.callee, name), leakage, argument)

    def refuses_file(self, name: str, *, writes: bool) -> None:
        """Raise `Leak` where a node opens a file: the user's code any, a library one to write."""
        if not self.guards or not self.in_node:
            return
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - whose code does it is the question
        callee: FrameType | None = None
        while frame is not None:
            kind = kind_of(frame)
            if kind <= Origin.LIBRARY:
                if kind is Origin.USER or writes:
                    self._raise(frame, call_name(callee, name), FILE)
                return
            if kind is not Origin.STDLIB or not _opens_for_others(frame):
                return
            callee, frame = frame, frame.f_back

    def _strict(self) -> bool:
        # What unwinds after the end is not to be blamed: nothing that it does counts.
        return self._policy == "error" and not self._kernel_now().clock.stopped

    def _label(self) -> str | None:
        domain = domain_var.get()
        return None if domain is None else domain.label

    def _raise(self, frame: FrameType, call: str, leakage: Leakage, argument: str = "") -> NoReturn:
        awaits = bool(frame.f_code.co_flags & inspect.CO_COROUTINE)
        self._fail(sentence(site(frame), call, self._label(), leakage, argument, awaits=awaits))

    def _fail(self, message: str) -> NoReturn:
        # Kept by the kernel as well as raised, for an `except` of the node's may swallow it.
        leak = Leak(message)
        self._kernel_now().fail(leak)
        raise leak


def _opens_for_others(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__", "")
    return name in _FILE_WRAPPERS or name in WRAPPERS


gate = Gate()
"""The process's only one."""
