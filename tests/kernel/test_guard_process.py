"""The leak guard and the process: policies, what is allowed, and that all is as before a run."""

# Dates without a zone are what many write.
# ruff: noqa: DTZ001, DTZ005

import builtins
import random
import subprocess
import sys
import threading
import time
import uuid
from datetime import datetime

import pytest

from minicloud.cloud import run_cloud
from minicloud.errors import Leak, UsageError
from minicloud.kernel import guard as guard_room
from minicloud.kernel.guard import EPOCH_S, Guard, allowed, real_names
from minicloud.kernel.run import simulate
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node

WATCHED = sys.version_info >= (3, 12)


class When(Request[datetime], service="guard-process"):
    """Its reply is a date, and the module that holds the class asks for the time."""


class Ticket(Request[None], service="guard-process"):
    at: datetime


class Desk(Node):
    @handle
    def when(self, request: When) -> datetime:
        return datetime.now()

    @handle
    def ticket(self, request: Ticket) -> None:
        self.seen = request.at


def world():
    """Everything of the process that a guard touches, by identity."""
    modules = {
        (name, key): value
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in NOTABLE.split()
        for key, value in list(vars(module).items())
        if key != "__builtins__" and not key.startswith("_gc_")  # Hypothesis times collections
    }
    monitoring = getattr(sys, "monitoring", None)
    tools = [monitoring and monitoring.get_tool(number) for number in range(6)]
    events = [
        monitoring.get_events(number) if tool else 0 for number, tool in enumerate(tools) if tool
    ]
    shared = dict(vars(random.random.__self__))
    return modules, tools, events, shared, random.getstate(), random.Random.seed, threading.Thread


NOTABLE = """
time datetime random os posix uuid secrets socket signal _thread threading asyncio trio
anyio jwt logging email calendar http subprocess builtins hypothesis pytest _pytest tests
test_guard_process minicloud
"""


def outcome(how):
    async def main(cloud):
        await cloud.sleep(1)
        if how == "leaks":
            time.time()
        elif how == "raises":
            raise ValueError
        elif how == "imports":
            sys.modules.pop("sched", None)
            import sched  # noqa: F401 - it says `from time import monotonic as _time`

            sys.modules.pop("timeit", None)
            builtins.__import__("timeit")

    return run_cloud(main)


@pytest.mark.parametrize("how", ["ends", "leaks", "raises", "imports"])
def test_after_a_run_the_process_is_as_before(how):
    outcome(how)
    random.gauss(0, 1)
    before = world()
    outcome(how)
    after = world()
    for one, two in zip(before[0].items(), after[0].items(), strict=True):
        assert one[0] == two[0]
        assert one[1] is two[1], one[0]
    assert before[1:] == after[1:]
    for name in ("sched", "timeit"):
        for value in vars(sys.modules.get(name, time)).values():
            assert getattr(value, "__module__", "") != "minicloud.kernel.guard.clocks"
    assert sys.modules["sched"]._time is time.monotonic if how == "imports" else True
    assert abs(time.time() - datetime.now().timestamp()) < 5
    assert uuid.uuid4() != uuid.uuid4()


def test_a_run_changes_nobodys_random_numbers():
    random.seed(3)
    expected = [random.random(), random.gauss(0, 1), random.gauss(0, 1)]
    random.seed(3)
    got = [random.random(), random.gauss(0, 1)]
    run_cloud(lambda cloud: cloud.sleep(1))
    assert [*got, random.gauss(0, 1)] == expected


# --- policies


def test_the_virtual_policy_gives_everybody_the_runs_own():
    async def main(cloud):
        await cloud.sleep(2)
        now = datetime.now()
        return time.time(), now.timestamp(), random.random(), str(uuid.uuid4()), time.strftime("%Y")

    one, two = (run_cloud(main, guard="virtual", seed=4) for _ in range(2))
    assert one.exception is None
    assert one.value == two.value
    assert one.value[:2] == (EPOCH_S + 2, EPOCH_S + 2)
    assert one.value[4] == "2030"
    assert run_cloud(main, guard="virtual", seed=5).value[2:4] != one.value[2:4]


def test_the_virtual_policy_still_refuses_what_has_no_counterpart():
    async def main(cloud):
        subprocess.run(["true"], check=True)

    assert isinstance(run_cloud(main, guard="virtual").exception, Leak)


@pytest.mark.parametrize("policy", ["error", "virtual", "off"])
def test_messages_with_dates_travel_under_every_policy(policy):
    # Type hints are read when a class is first used, which may be within the run.
    class Fresh(Request[datetime], service="guard-process"):
        at: "datetime"

    class Echo(Node):
        @handle
        def echo(self, request: Fresh) -> datetime:
            return request.at

    async def main(cloud):
        desk, echo, alice = cloud.node("d", Desk), cloud.node("e", Echo), cloud.client("alice")
        at = datetime(2031, 2, 3)
        await alice.call(desk, Ticket(at), timeout=1.0)
        assert await alice.call(echo, Fresh(at), timeout=1.0) == at
        return desk.peek.seen

    for _ in range(2):
        run = run_cloud(main, guard=policy)
        assert run.exception is None
        assert run.value == datetime(2031, 2, 3)


def test_the_virtual_policy_dates_a_users_node():
    async def main(cloud):
        desk, alice = cloud.node("d", Desk), cloud.client("alice")
        desk.clock.step(60)
        return (await alice.call(desk, When(), timeout=1.0)).timestamp()

    assert 60 <= run_cloud(main, guard="virtual").value - EPOCH_S < 61


def test_another_policy_is_refused():
    async def main(cloud):
        pass

    with pytest.raises(UsageError, match="guard='loose': write 'error', 'virtual', 'off'"):
        run_cloud(main, guard="loose")
    assert run_cloud(main).exception is None


# --- what is allowed


def test_an_allowed_block_measures_the_real_world():
    async def main(cloud):
        with allowed():
            began = time.perf_counter()
            today = datetime.now()
            threading.Thread(target=str).start()
        await cloud.sleep(1000)
        with allowed():
            took = time.perf_counter() - began
        assert took < 100
        return today

    assert abs(run_cloud(main).value.timestamp() - time.time()) < 60


def test_what_is_allowed_to_one_task_is_not_to_another():
    async def main(cloud):
        async def other():
            await cloud.sleep(1)
            time.time()

        cloud.start(other)
        with allowed():
            await cloud.sleep(2)

    assert isinstance(run_cloud(main).exception, Leak)


def test_another_thread_has_the_real_world():
    seen, go, done = [], threading.Event(), threading.Event()

    def beside():
        go.wait(10)
        seen.extend([time.time(), datetime.now().timestamp(), random.random(), uuid.uuid4()])
        seen.append(subprocess.run(["true"], check=True).returncode)
        done.set()

    thread = threading.Thread(target=beside)
    thread.start()

    async def main(cloud):
        go.set()
        with allowed():
            assert done.wait(10)

    assert run_cloud(main).exception is None
    thread.join()
    assert abs(seen[0] - time.time()) < 60
    assert abs(seen[1] - time.time()) < 60
    assert seen[-1] == 0


def test_after_the_end_a_finally_is_not_blamed():
    read = []

    async def main(cloud):
        async def beside():
            try:
                await cloud.sleep(1000)
            finally:
                read.append(time.time())

        cloud.start(beside)
        await cloud.sleep(1)

    run = run_cloud(main)
    assert run.exception is None
    assert read == [EPOCH_S + 1]


# --- the machinery


def test_stretches_of_one_run_can_be_guarded():
    kept = []

    async def main(kernel):
        guard = Guard(kernel)
        for _ in range(3):
            guard.enter()
            guard.leave()
            kept.append(time.time())
        guard.enter()
        try:
            time.time()
        finally:
            guard.leave()

    finished = simulate(main, guard="off")
    assert isinstance(finished.exception, Leak)
    assert all(abs(at - time.time()) < 60 for at in kept)


@pytest.mark.skipif(not WATCHED, reason="sys.monitoring came with Python 3.12")
def test_without_a_free_tool_id_the_guard_says_so_and_does_what_it_can(monkeypatch):
    from minicloud.kernel.guard import watch

    monkeypatch.setattr(watch._Runs, "told", False)
    taken = [tool for tool in watch._TOOL_IDS if sys.monitoring.get_tool(tool) is None]
    for tool in taken:
        sys.monitoring.use_tool_id(tool, f"tool {tool}")
    try:
        with pytest.warns(RuntimeWarning, match=r"No tool id .* is free \(tool 4, "):
            run = outcome("leaks")
        assert isinstance(run.exception, Leak)
        assert isinstance(outcome("leaks").exception, Leak), "and warns once"
    finally:
        for tool in taken:
            sys.monitoring.free_tool_id(tool)


@pytest.mark.skipif(not WATCHED, reason="sys.monitoring came with Python 3.12")
def test_the_tools_of_others_are_left_alone():
    called = []
    sys.monitoring.use_tool_id(4, "other")
    sys.monitoring.register_callback(
        4, sys.monitoring.events.PY_START, lambda code, _: called.append(code.co_name)
    )
    sys.monitoring.set_events(4, sys.monitoring.events.PY_START)
    try:
        outcome("ends")
        assert sys.monitoring.get_tool(4) == "other"
        assert sys.monitoring.get_events(4) == sys.monitoring.events.PY_START
    finally:
        sys.monitoring.set_events(4, 0)
        sys.monitoring.free_tool_id(4)
    assert "main" in called


def test_hints_are_read_with_the_real_classes():
    seen = []

    async def main(cloud):
        stood_in = datetime
        with real_names():
            seen.append(datetime)
        assert datetime is stood_in
        with allowed():
            seen.append(datetime.now())

    run = run_cloud(main, guard="virtual")
    assert run.exception is None
    assert seen[0] is type(seen[1])
    with real_names():  # outside a run it has nothing to do
        assert datetime is seen[0]


def test_the_room_names_what_it_offers():
    for name in guard_room.__all__:
        assert getattr(guard_room, name) is not None
