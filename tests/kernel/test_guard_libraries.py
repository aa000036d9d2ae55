"""The leak guard and third-party code: it gets the clock of the node that runs, and its stream."""

# Dates without a zone are what many write.
# ruff: noqa: DTZ001

import importlib
import sys
import uuid
from datetime import UTC, datetime

import pytest

from minicloud.cloud import run_cloud
from minicloud.errors import Leak
from minicloud.kernel.guard import EPOCH_S
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node

WATCHED = sys.version_info >= (3, 12)

LIBRARY = """
import datetime as dt, os, pathlib, random, secrets, socket, subprocess, threading, time, uuid
from datetime import date, datetime, timezone
from random import random as draw, Random
from time import monotonic as m

def clocks():
    return {
        "time": time.time(), "time_ns": time.time_ns(), "m": m(), "perf": time.perf_counter_ns(),
        "cpu": time.process_time(), "raw": time.clock_gettime(time.CLOCK_MONOTONIC),
        "real": time.clock_gettime_ns(time.CLOCK_REALTIME), "gm": time.gmtime(),
        "text": time.strftime("%s"), "now": datetime.now(timezone.utc), "naive": datetime.now(),
        "utc": datetime.utcnow(), "day": date.today(), "dt": dt.datetime.now(timezone.utc),
    }

def draws():
    return [
        draw(), random.choice(range(10**6)), random.gauss(0, 1), random.getrandbits(200),
        random.randbytes(5).hex(), Random().random(), random.SystemRandom().random(),
        os.urandom(6).hex(), secrets.token_hex(), str(uuid.uuid4()), str(uuid.uuid1()),
        secrets.choice(range(10**6)), uuid.getnode(), socket.gethostname(),
    ]

def seed(): random.seed(1); return random.random()
def thread(): threading.Thread(target=print).start()
def reach(): socket.create_connection(("localhost", 9))
def child(): subprocess.run(["true"])
def nap(): time.sleep(1)
def read(path): return pathlib.Path(path).read_text()
def write(path): pathlib.Path(path).write_text("x")
def is_date(value):
    return isinstance(value, datetime), isinstance(value, date), isinstance(1, datetime)
def made(): return type(datetime(2020, 1, 2)), type(dt.date(2020, 1, 2)), datetime.fromtimestamp(0)
class Later(datetime): pass
class Kept:
    clock = staticmethod(time.monotonic)
def kept(): return Kept.clock()
def lazy():
    import guardlib_lazy
    return guardlib_lazy.now()
"""
LAZY = """
import guardlib_deeper
from datetime import datetime
def now(): return datetime.now().timestamp(), guardlib_deeper.m()
"""
DEEPER = "from time import monotonic as m\n"


@pytest.fixture
def lib(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    for name, text in (("", LIBRARY), ("_lazy", LAZY), ("_deeper", DEEPER)):
        (folder / f"guardlib{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, f"guardlib{name}", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    return importlib.import_module("guardlib")


class Ask(Request[object], service="library"):
    pass


class Asker(Node):
    def __init__(self, *, act, told):
        self.act, self.told = act, told

    @handle
    def ask(self, request: Ask) -> object:
        self.told.setdefault(self.name, []).append(self.act(self))


def asked(act, *, names=("till",), times=1, before=None, **options):
    """What `act(node)` gave in each node, in a `def` handler, after two seconds."""
    told = {}

    async def main(cloud):
        hosts = [cloud.node(name, Asker, act=act, told=told) for name in names]
        alice = cloud.client("alice")
        if before is not None:
            before(hosts[0])
        await cloud.sleep(2)
        for host in hosts:
            for _ in range(times):
                await alice.call(host, Ask(), timeout=1.0)

    return run_cloud(main, **options), told


pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def test_every_clock_is_the_nodes(lib):
    run, told = asked(lambda node: (node.clock.now(), node.clock.monotonic(), lib.clocks()))
    assert run.exception is None
    wall, local, read = told["till"][0]
    at = EPOCH_S + wall
    assert 2 < wall < 2.2
    assert read["time"] == at
    assert read["time_ns"] == read["real"] == EPOCH_S * 10**9 + round(wall * 10**9)
    assert read["m"] == read["raw"] == read["cpu"] == local
    assert read["perf"] == round(local * 10**9)
    assert read["gm"].tm_year == 2030
    assert read["text"] == str(int(at))
    assert read["now"] == read["dt"] == read["utc"].replace(tzinfo=UTC)
    assert abs(read["now"].timestamp() - at) < 1e-6
    assert abs(read["naive"].timestamp() - at) < 1e-6, "naive time is of this machine's zone"
    assert read["day"] == read["naive"].date()
    assert type(read["now"]) is datetime


def test_offset_step_and_drift_of_the_node_are_felt(lib):
    def bend(host):
        host.clock.drift(100_000)
        host.clock.step(3600)

    run, told = asked(
        lambda node: (node.clock.now(), lib.clocks()), names=("till", "bank"), before=bend
    )
    assert run.exception is None
    (fast, read), (plain, other) = told["till"][0], told["bank"][0]
    assert fast > 3602.2
    assert (read["time"], other["time"]) == (EPOCH_S + fast, EPOCH_S + plain)
    assert read["m"] > other["m"]
    assert abs(read["now"].timestamp() - read["time"]) < 1e-6


def test_a_scenario_has_true_time_for_its_libraries(lib):
    async def main(cloud):
        await cloud.sleep(7.5)
        return lib.clocks()

    read = run_cloud(main).value
    assert (read["time"], read["m"]) == (EPOCH_S + 7.5, 7.5)


def test_draws_repeat_and_differ_by_node_and_seed(lib):
    def run(seed):
        finished, told = asked(lambda _: lib.draws(), names=("a", "b"), times=2, seed=seed)
        assert finished.exception is None
        return told

    first = run(1)
    assert first == run(1)
    assert first["a"][0][:-2] != first["a"][1][:-2], "the stream goes on"
    assert first["a"][0][-2:] == first["a"][1][-2:], "the machine stays the same"
    other = run(2)
    for one, two in ((first["a"][0], first["b"][0]), (first["a"][0], other["a"][0])):
        assert not any(x == y for x, y in zip(one[:-2], two[:-2], strict=True))
    assert first["a"][0][-1] == "a"
    version = [uuid.UUID(text).version for text in (first["a"][0][9], first["a"][0][10])]
    assert version == [4, 1]


def test_one_nodes_draws_do_not_move_anothers(lib):
    _, few = asked(lambda _: lib.draws(), names=("a", "b"), times=1)
    _, many = asked(lambda _: lib.draws(), names=("a", "b"), times=3)
    for told in (few["b"][0], many["b"][0]):
        assert uuid.UUID(told.pop(10)).version == 1  # it holds the time, and that is later
    assert few["b"] == many["b"][:1]


def test_a_library_that_seeds_for_all_moves_nothing(lib):
    _, told = asked(lambda _: lib.seed(), times=2)
    first, second = told["till"]
    assert first != second


def test_dates_stay_dates(lib):
    run, told = asked(lambda _: (lib.is_date(datetime(2020, 1, 1)), lib.made(), lib.Later.min))
    assert run.exception is None
    assert told["till"][0][0] == (True, True, False)
    kinds = told["till"][0][1]
    assert kinds[0] is datetime
    assert kinds[1].__name__ == "date"
    assert type(kinds[2]) is datetime


@pytest.mark.parametrize("call", ["thread", "reach", "child", "nap"])
def test_what_has_no_counterpart_ends_the_run_at_the_users_line(lib, call):
    act = lambda _: getattr(lib, call)()
    for policy in ("error", "virtual"):
        run, _ = asked(act, guard=policy)
        assert isinstance(run.exception, Leak)
        line = act.__code__.co_firstlineno
        start = f"test_guard_libraries.py:{line}: guardlib.{call}("
        assert run.error.startswith(start), run.error


def test_a_library_in_a_node_reads_files_and_writes_none(lib, tmp_path):
    path = tmp_path / "x"
    path.write_text("1")
    run, told = asked(lambda _: lib.read(path))
    assert (run.exception, told) == (None, {"till": ["1"]})
    run, _ = asked(lambda _: lib.write(path))
    assert run.error.startswith("guardlib.py:"), run.error
    assert path.read_text() == "1"


def test_what_is_imported_during_a_run_gets_the_same_from_the_start(lib):
    _, first = asked(lambda _: lib.lazy())
    assert sys.modules["guardlib_deeper"].m.__module__ == "time"
    _, second = asked(lambda _: lib.lazy())
    assert first == second
    now, local = first["till"][0]
    assert 2 < local < 2.2
    assert abs(now - EPOCH_S - local) < 1e-6


@pytest.mark.skipif(not WATCHED, reason="seen by sys.monitoring, which Python 3.12 has")
def test_a_clock_that_a_library_keeps_is_an_error_rather_than_a_leak(lib):
    run, _ = asked(lambda _: lib.kept())
    assert run.error.startswith("guardlib.py:"), run.error
    assert "time.monotonic() in node 'till': a library keeps the real one" in run.error


# --- libraries of the real world


def token(expires, secret="k" * 32):
    jwt = pytest.importorskip("jwt")
    return jwt.encode({"sub": "alice", "exp": expires}, secret, algorithm="HS256")


def check(signed):
    jwt = pytest.importorskip("jwt")
    try:
        return jwt.decode(signed, "k" * 32, algorithms=["HS256"])["sub"]
    except jwt.ExpiredSignatureError:
        return "expired"


def test_pyjwt_expires_tokens_by_the_nodes_clock():
    signed = token(EPOCH_S + 60)
    assert asked(lambda _: check(signed))[1] == {"till": ["alice"]}
    _, told = asked(
        lambda _: check(signed), names=("late", "true"), before=lambda host: host.clock.step(3600)
    )
    assert told == {"late": ["expired"], "true": ["alice"]}
    assert check(token(1_000_000_000)) == "expired", "and outside a run by the real clock"


def test_numpys_shared_generator_is_the_runs_and_is_given_back():
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    numpy.random.seed(5)
    expected = numpy.random.RandomState(5).random(2).tolist()

    async def main(cloud):
        return numpy.random.get_state()[1].tolist()

    assert numpy.random.random() == expected[0]
    first, again, other = (run_cloud(main, seed=seed).value for seed in (1, 1, 2))
    assert first == again != other
    assert numpy.random.random() == expected[1]
