"""The leak guard and the user's own code: each way out of a run is an error that names its line."""

# The leaks that linters forbid are what is tested here.
# ruff: noqa: DTZ001, DTZ002, DTZ003, DTZ005, DTZ006, DTZ011, PLW1510, PTH123, SIM115

import asyncio
import concurrent.futures
import datetime as dt
import logging
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
import warnings
from datetime import date, datetime
from pathlib import Path
from time import monotonic as m

import anyio
import pytest
import trio

from minicloud.cloud import run_cloud
from minicloud.errors import Leak
from minicloud.kernel.guard import EPOCH_S
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node

WATCHED = sys.version_info >= (3, 12)
needs_watching = pytest.mark.skipif(
    not WATCHED, reason="seen by sys.monitoring, which Python 3.12 has"
)


class Go(Request[object], service="guard"):
    pass


class Till(Node):
    """Does in a `def` handler what a test wants."""

    def __init__(self, *, act):
        self.act = act

    @handle
    def go(self, request: Go) -> object:
        self.act(self)


class Clerk(Node):
    """Does in an `async def` handler what a test wants."""

    def __init__(self, *, act):
        self.act = act

    @handle
    async def go(self, request: Go) -> object:
        await self.act(self)


def in_node(act, cls=Till, **options):
    async def main(cloud):
        till, alice = cloud.node("till", cls, act=act), cloud.client("alice")
        await alice.call(till, Go(), timeout=1.0)

    return run_cloud(main, **options)


def in_scenario(act, **options):
    async def main(cloud):
        act(cloud)

    return run_cloud(main, **options)


class Hidden:
    now = staticmethod(time.time)
    today = datetime.now

    @staticmethod
    def by_default(clock=time.monotonic):
        return clock()


LEAKS = {
    "time.time": lambda _: time.time(),
    "time.monotonic": lambda _: m(),
    "time.perf_counter_ns": lambda _: time.perf_counter_ns(),
    "time.clock_gettime": lambda _: time.clock_gettime(time.CLOCK_REALTIME),
    "time.localtime": lambda _: time.localtime(),
    "time.strftime": lambda _: time.strftime("%Y"),
    "datetime.now": lambda _: datetime.now(),
    "datetime.utcnow": lambda _: dt.datetime.utcnow(),
    "datetime.today": lambda _: dt.datetime.today(),
    "date.today": lambda _: date.today(),
    "random.random": lambda _: random.random(),
    "random.choice": lambda _: random.choice([1, 2]),
    "random.gauss": lambda _: random.gauss(0, 1),
    "random.seed": lambda _: random.seed(1),
    "random.Random": lambda _: random.Random(),
    "random.SystemRandom.random": lambda _: random.SystemRandom().random(),
    "uuid.uuid4": lambda _: uuid.uuid4(),
    "uuid.uuid1": lambda _: uuid.uuid1(),
    "uuid.getnode": lambda _: uuid.getnode(),
    "secrets.token_hex": lambda _: secrets.token_hex(),
    "os.urandom": lambda _: os.urandom(4),
    "socket.gethostname": lambda _: socket.gethostname(),
    "threading.Thread.start": lambda _: threading.Thread(target=print).start(),
    "threading.Timer.start": lambda _: threading.Timer(1, print).start(),
    "concurrent.futures.thread.ThreadPoolExecutor.submit": (
        lambda _: concurrent.futures.ThreadPoolExecutor().submit(print)
    ),
    "socket.socket": lambda _: socket.socket().close(),
    "socket.create_connection": lambda _: socket.create_connection(("localhost", 9)),
    "socket.getaddrinfo": lambda _: socket.getaddrinfo("localhost", 9),
    "subprocess.run": lambda _: subprocess.run(["true"]),
    "os.system": lambda _: os.system("true"),
    "os.fork": lambda _: os.fork(),
    "signal.signal": lambda _: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
}
INHERITED = ("threading.Timer.start",)
LASTING = ("os.fork", "socket.create_connection", "threading.Timer.start", "signal.signal")


@pytest.mark.parametrize("call", LEAKS)
def test_a_leak_in_a_node_is_an_error_with_its_line(call):
    act = LEAKS[call]
    run = in_node(act)
    assert isinstance(run.exception, Leak)
    assert (run.failure, run.verdict) == ("leak", None)
    line = act.__code__.co_firstlineno
    shown = "threading.Thread.start" if call in INHERITED else call
    assert run.error.startswith(f"test_guard.py:{line}: {shown}() in node 'till' ")
    advice = run.error.partition(". ")[2]
    assert "self." in advice or "a node of the cloud" in advice


@pytest.mark.parametrize("call", LEAKS)
def test_a_leak_in_the_scenario_is_an_error_with_its_line(call):
    act = LEAKS[call]
    run = in_scenario(act)
    line = act.__code__.co_firstlineno
    assert run.error.startswith(f"test_guard.py:{line}: "), run.error
    assert " in the scenario " in run.error
    assert "self." not in run.error


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
@pytest.mark.parametrize("call", [call for call in LEAKS if call not in LASTING])
def test_without_the_guard_nothing_is_said(call):
    assert in_node(LEAKS[call], guard="off").exception is None


def test_sleeping_says_what_to_await():
    def act(_):
        time.sleep(2)

    async def asleep(_):
        time.sleep(0.5)

    line = act.__code__.co_firstlineno + 1
    assert in_node(act).error == (
        f"test_guard.py:{line}: time.sleep(2) in node 'till' stops the real clock, not the "
        "cloud's. Make the handler async def and write: await self.sleep(2)"
    )
    assert in_node(asleep, Clerk).error.endswith("not the cloud's. Write: await self.sleep(0.5)")
    assert in_scenario(act).error.endswith("function async def and write: await cloud.sleep(2)")


def test_asyncio_is_told_apart():
    def act(_):
        asyncio.sleep(1)

    line = act.__code__.co_firstlineno + 1
    assert in_node(act).error == (
        f"test_guard.py:{line}: asyncio.sleep in node 'till': this cloud runs on Trio. Write "
        "anyio.sleep or self.sleep; asyncio-only libraries can't run here"
    )
    assert "cloud.sleep" in in_scenario(lambda _: asyncio.run(None)).error


@pytest.mark.parametrize(
    ("call", "act"),
    [
        ("trio.to_thread.run_sync", lambda _: trio.to_thread.run_sync(print)),
        ("anyio.to_thread.run_sync", lambda _: anyio.to_thread.run_sync(print)),
        ("trio.Path.exists", lambda _: trio.Path("x").exists()),
        ("trio.open_process", lambda _: trio.lowlevel.open_process(["true"])),
        ("trio.open_tcp_stream", lambda _: trio.open_tcp_stream("127.0.0.1", 9)),
    ],
)
def test_what_trio_and_anyio_do_for_the_user_is_the_users(call, act):
    run = in_node(act, Clerk)
    assert isinstance(run.exception, Leak), run.exception
    assert run.error.startswith("test_guard.py:"), run.error
    assert " in node 'till' " in run.error
    if "to_thread" in call:
        assert f": {call}() in" in run.error


def test_a_task_started_on_a_guarded_function_is_the_users_too():
    async def main(cloud):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, print)

    assert run_cloud(main).error.startswith("test_guard.py:")


@pytest.mark.parametrize(
    "act",
    [
        lambda _: Hidden.now(),
        lambda _: Hidden.today(),
        lambda _: Hidden.by_default(),
    ],
)
@needs_watching
def test_a_clock_kept_in_a_class_or_a_default_is_seen(act):
    run = in_node(act)
    assert isinstance(run.exception, Leak)
    assert run.error.startswith("test_guard.py:")


@needs_watching
def test_a_site_that_first_calls_something_harmless_is_looked_at_again():
    def ask(clock):
        return clock()

    harmless = Hidden.__name__.upper
    for _ in range(3):
        # The second run and the third meet a site that has been silenced once.
        assert in_node(lambda _: [ask(harmless) for _ in range(5)]).exception is None
        run = in_node(lambda _: [ask(harmless), ask(Hidden.now)])
        assert isinstance(run.exception, Leak)


@pytest.mark.parametrize("how", ["bare", "handled"])
def test_a_leak_that_is_swallowed_still_ends_the_run(how):
    after = []

    def act(_):
        try:
            time.time()
        except BaseException:
            after.append(how)

    run = in_node(act)
    assert after == [how]
    assert isinstance(run.exception, Leak)
    assert run.verdict is None


def test_only_the_first_leak_is_told():
    def act(_):
        try:
            time.time()
        finally:
            random.random()

    run = in_node(act)
    assert ": time.time() in node" in run.error


# --- what a node may do


@pytest.mark.parametrize(
    "act",
    [
        lambda _: random.Random(3).random(),
        lambda _: time.localtime(0),
        lambda _: time.strftime("%Y", (2020, 1, 1, 0, 0, 0, 0, 1, 0)),
        lambda _: datetime(2020, 1, 1) - datetime.fromtimestamp(0),
        lambda _: isinstance(datetime(2020, 1, 1), date),
        lambda _: uuid.uuid5(uuid.NAMESPACE_DNS, "x"),
        lambda _: open(os.devnull).close(),
        lambda _: Hidden.__name__.upper(),
    ],
)
def test_what_depends_on_nothing_is_left_alone(act):
    run = in_node(act)
    assert run.exception is None


def test_imports_warnings_tracebacks_and_logs_go_on_in_a_node(caplog):
    sys.modules.pop("colorsys", None)
    lines = []

    def act(node):
        import colorsys  # noqa: F401

        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            warnings.warn("careful", UserWarning, stacklevel=1)
        try:
            raise ValueError("x")
        except ValueError:
            lines.append(logging.Formatter().formatException(sys.exc_info()))
        logging.getLogger("till").error("hello")

    run = in_node(act)
    assert run.exception is None
    assert 'raise ValueError("x")' in lines[0]
    # A log line bears the node's time, not the afternoon's.
    assert 0 <= caplog.records[-1].created - EPOCH_S < 1


# --- files


def test_a_node_opens_no_file_and_a_scenario_may(tmp_path):
    path = tmp_path / "x"
    path.write_text("1")
    for act in (
        lambda _: open(path),
        lambda _: path.read_text(),
        lambda _: path.write_text("2"),
        lambda _: list(path.parent.iterdir()),
        lambda _: path.unlink(),
    ):
        run = in_node(act)
        assert isinstance(run.exception, Leak)
        assert "Write: self.disk" in run.error
        assert run.error.startswith(f"test_guard.py:{act.__code__.co_firstlineno}: ")
    assert path.read_text() == "1"
    assert in_scenario(lambda _: path.write_text("3")).exception is None
    assert path.read_text() == "3"


def test_reading_the_own_process_id_is_for_scenarios_only():
    assert isinstance(in_node(lambda _: os.getpid()).exception, Leak)
    assert in_scenario(lambda _: os.getpid()).exception is None


def test_the_guards_own_files_are_none_of_the_users(tmp_path):
    run = in_node(lambda _: None, trace=tmp_path / "trace")
    assert run.exception is None
    assert Path(tmp_path / "trace").stat().st_size > 0
