"""Owns what a run must not do to the real world: threads, sockets, processes, files, signals.

There is nothing of the run's own to give instead, so whoever does it gets an error; stand-ins where
Python has no audit event, and one audit hook for the rest. Python lets nobody remove an audit hook:
outside a guarded run it looks at one flag and returns.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import trio

from minicloud.kernel.guard.gate import gate
from minicloud.kernel.guard.words import (
    ASYNCIO,
    FILE,
    PROCESS,
    SIGNAL,
    SOCKET,
    THREAD,
    Leakage,
)

__all__ = ["STAND_INS", "listen", "of_asyncio"]


def _refused(function: Any, name: str, leakage: Leakage) -> Callable[..., Any]:
    @wraps(function)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        gate.refuses(name, leakage)
        return function(*args, **kwargs)

    return stand_in


def _all() -> dict[Any, Any]:
    found: dict[Any, Any] = {
        trio.to_thread.run_sync: _refused(
            trio.to_thread.run_sync, "trio.to_thread.run_sync", THREAD
        )
    }
    for name in ("start_new_thread", "start_joinable_thread"):
        if hasattr(_thread, name):
            start = getattr(_thread, name)
            found[start] = _refused(start, f"_thread.{name}", THREAD)
    for name in ("signal", "setitimer", "alarm"):
        if hasattr(signal, name):
            function = getattr(signal, name)
            found[function] = _refused(function, f"signal.{name}", SIGNAL)
    return found


STAND_INS: dict[Any, Any] = _all()
"""Each real function with its stand-in."""

_ASYNCIO = [
    "sleep",
    "run",
    "create_task",
    "ensure_future",
    "gather",
    "wait",
    "wait_for",
    "to_thread",
    "open_connection",
    "start_server",
]


def of_asyncio() -> dict[Any, Any]:
    """The functions of `asyncio` that need a loop of its own, if it has been imported."""
    module: Any = sys.modules.get("asyncio")
    if module is None:
        return {}
    found = {}
    for name in _ASYNCIO:
        function = getattr(module, name, None)
        if function is not None:
            found[function] = _refused(function, f"asyncio.{name}", ASYNCIO)
    return found


_EVENTS: dict[str, tuple[str, Leakage]] = {
    **{
        name: (name, SOCKET)
        for name in (
            "socket.getaddrinfo",
            "socket.gethostbyname",
            "socket.gethostbyaddr",
            "socket.getnameinfo",
        )
    },
    "socket.__new__": ("socket.socket", SOCKET),
    "socket.connect": ("socket.socket.connect", SOCKET),
    "socket.bind": ("socket.socket.bind", SOCKET),
    "socket.sendto": ("socket.socket.sendto", SOCKET),
    **{
        name: (name, PROCESS)
        for name in (
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.fork",
            "os.forkpty",
            "os.posix_spawn",
            "os.spawn",
            "pty.spawn",
        )
    },
    **{
        name: (name, FILE)
        for name in (
            "open",
            "sqlite3.connect",
            "os.listdir",
            "os.scandir",
            "os.mkdir",
            "os.rmdir",
            "os.remove",
            "os.rename",
            "os.truncate",
        )
    },
    "_thread.start_new_thread": ("_thread.start_new_thread", THREAD),
    "_thread.start_joinable_thread": ("_thread.start_joinable_thread", THREAD),
}
_READING = ("os.listdir", "os.scandir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _heard(event: str, args: tuple[Any, ...], known: Callable[[str], Any] = _EVENTS.get) -> None:
    # It is called until the process ends, when the names of this module are gone.
    effect = known(event)
    if effect is None or gate is None or not gate.guards:
        return
    name, leakage = effect
    if leakage is not FILE:
        gate.refuses(name, leakage)
    elif not isinstance(args[0], int) and args[0] not in (os.devnull, ":memory:"):
        writes = bool(args[2] & _WRITING) if event == "open" else event not in _READING
        gate.refuses_file(name, writes=writes)


class _Hook:
    installed = False


def listen() -> None:
    """Hear what Python audits from now on; once a process."""
    if not _Hook.installed:
        _Hook.installed = True
        sys.addaudithook(_heard)
