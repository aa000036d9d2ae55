"""Strategies draw what they say, and what fails shrinks to what a reader understands at once."""

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from minicloud import Client, Node, OutcomeUnknown, Request, Verdict, faults, handle, operation
from minicloud.check import linearizable
from minicloud.cloud import run_cloud
from minicloud.cloud.script import Do, Script
from minicloud.errors import UsageError
from minicloud.node.faults import KINDS as VOCABULARY
from minicloud.testing import strategies
from minicloud.workload import Workload

HOSTS = ("r1", "r2", "r3")
QUIET = settings(
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
BRIEF = settings(QUIET, max_examples=40, phases=[Phase.generate])


def smallest(strategy, condition):
    return find(strategy, condition, settings=settings(QUIET, max_examples=2000))


def drawn(strategy, count=40):
    seen = []

    @settings(BRIEF, max_examples=count)
    @given(strategy)
    def draw(value):
        seen.append(value)

    draw()
    return seen


# --- what is drawn


@pytest.mark.parametrize("kind", strategies.KINDS)
def test_every_kind_is_drawn_as_itself_with_its_times_and_can_be_written_down(kind):
    hosts = st.sampled_from([HOSTS, ("r1",), ("r*", faults.leader)])
    strategy = hosts.flatmap(
        lambda names: strategies.faults(hosts=names, kinds=[kind], lasts=10, longest=2)
    )
    for fault in drawn(strategy, 20):
        assert fault.kind in kind
        assert 0 <= fault.at < 10
        assert 0 < fault.lasts <= 2
        plan = faults.Schedule([fault])
        assert faults.Schedule.loads(plan.dumps()) == plan


def test_all_kinds_of_the_vocabulary_are_known_but_those_that_are_made_of_others():
    assert set(strategies.KINDS) - set(VOCABULARY) == {"corrupt-unseen", "crash-wipe"}
    assert set(VOCABULARY) - set(strategies.KINDS) == {
        "bridge", "burst-loss", "drop", "ring", "rolling",
    }  # fmt: skip
    assert set(strategies.USUAL) <= set(strategies.KINDS)


def test_a_schedule_keeps_its_bounds():
    plans = drawn(strategies.schedules(hosts=HOSTS, max_faults=4, lasts=20, guard=1), 100)
    for plan in plans:
        assert len(plan.faults) <= 4
        assert [fault.at for fault in plan.faults] == sorted(fault.at for fault in plan.faults)
        assert (plan.heal_at, plan.guard) == (20, 1)
    assert {len(plan.faults) for plan in plans} == {0, 1, 2, 3, 4}
    assert {fault.kind for plan in plans for fault in plan.faults} == set(strategies.USUAL)


def test_times_are_spread_over_the_whole_schedule():
    times = [f.at for plan in drawn(strategies.schedules(hosts=HOSTS), 100) for f in plan.faults]
    in_each_third = [sum(10 * n <= time < 10 * n + 10 for time in times) for n in range(3)]
    assert min(in_each_third) > len(times) / 6
    assert sum(time * 5 % 1 > 0 for time in times) > len(times) / 2  # between round ones too


def test_a_workload_is_in_order_and_numbers_its_values():
    keys = st.sampled_from(["k0", "k1"])
    calls = {"read": (keys,), "write": (keys, strategies.nth())}
    for work in drawn(strategies.workloads(calls, clients=3, lasts=5, max_operations=8)):
        assert len(work) <= 8
        assert [do.at for do in work] == sorted(do.at for do in work)
        for number, do in enumerate(work, 1):
            assert do.client in {"load-1", "load-2", "load-3"}
            assert do.args[0] in {"k0", "k1"}
            assert do.args[1:] == ((number,) if do.call == "write" else ())


def test_a_strategy_of_whole_arguments():
    work = st.integers(1, 5).map(lambda n: ("a", n)) | st.just("b")
    seen = drawn(strategies.operations({"put": work}, clients="c"), 30)
    assert {do.client for do in seen} == {"c"}
    assert ("b",) in {do.args for do in seen}


# --- what shrinks


@pytest.mark.parametrize("kind", strategies.USUAL)
def test_a_single_fault_shrinks_to_the_plainest_of_its_kind(kind):
    fault = smallest(strategies.faults(hosts=HOSTS, kinds=[kind]), lambda fault: True)
    assert (fault.at, fault.lasts) == (0.0, 0.001)
    assert "r3" not in getattr(fault, "hosts", ())


@pytest.mark.slow
@pytest.mark.parametrize("kind", strategies.USUAL)
def test_all_but_the_fault_that_matters_are_left_out(kind):
    def matters(plan):
        return any(fault.kind == kind and fault.at >= 3 for fault in plan.faults)

    plan = smallest(strategies.schedules(hosts=HOSTS, max_faults=8), matters)
    (fault,) = plan.faults
    assert (fault.kind, fault.at, fault.lasts) == (kind, 3.0, 0.001)


def test_simpler_kinds_and_the_first_host_are_preferred():
    (fault,) = smallest(strategies.schedules(hosts=HOSTS), lambda plan: plan.faults).faults
    assert fault == faults.Crash("r1", at=0.0, lasts=0.001)


def test_a_workload_shrinks_to_the_operations_that_matter():
    keys = st.sampled_from(["k0", "k1"])
    calls = {"read": (keys,), "write": (keys, strategies.nth())}

    def matters(work):
        return sum(do.call == "write" and do.args[0] == "k1" for do in work) >= 2

    work = smallest(strategies.workloads(calls), matters)
    assert work == (
        Do(0.0, "load-1", "write", ("k1", 1)),
        Do(0.0, "load-1", "write", ("k1", 2)),
    )


# --- what they are for


class Note(Request[int]):
    text: int


class Count(Request[list[int]]):
    pass


class Journal(Node):
    """Keeps what it acknowledges; with the rule switched off, not before it says so."""

    def __init__(self, *, synced: bool) -> None:
        self.synced = synced
        self.texts = [number for (number,) in self.disk.records("log")]

    @handle
    async def note(self, request: Note) -> int:
        await self.disk.append("log", request.text)
        if self.synced:  # the rule
            await self.disk.sync("log")
        self.texts.append(request.text)
        return len(self.texts)

    @handle
    def count(self, request: Count) -> list[int]:
        return self.texts


def keeps_what_it_acknowledged(plan, *, synced):
    async def scenario(cloud):
        journal = cloud.node("journal", Journal, synced=synced)
        alice = cloud.client("alice")
        acknowledged = []
        chaos = cloud.start(plan)
        for number in range(10):
            try:
                await alice.call(journal, Note(number), timeout=0.4)
                acknowledged.append(number)
            except OutcomeUnknown:
                pass
            await cloud.sleep(0.5)
        await chaos.finished()
        kept = await alice.call(journal, Count())
        assert set(acknowledged) <= set(kept)

    run = run_cloud(scenario)
    if run.exception is not None:
        raise run.exception


PLANS = strategies.schedules(hosts="journal", max_faults=6, lasts=8, longest=1, guard=None)


def test_a_lost_acknowledgement_is_found_and_shrunk_to_one_crash():
    tried = []

    @QUIET
    @given(PLANS)
    def prove(plan):
        tried.append(plan)
        keeps_what_it_acknowledged(plan, synced=False)

    with pytest.raises(AssertionError):
        prove()
    (fault,) = tried[-1].faults  # the smallest is what runs last
    assert (fault.kind, fault.hosts, fault.disk) == ("crash", ("journal",), "lose-unsynced")
    assert fault.at < 0.1  # right after the first acknowledgement
    assert fault.lasts == 0.001
    assert len(tried) < 1000


def test_with_the_rule_it_holds():
    for plan in drawn(PLANS, 60):
        keeps_what_it_acknowledged(plan, synced=True)


@pytest.mark.slow
def test_a_script_of_faults_and_work_shrinks_together():
    """One box that forgets to sync, with a load: a write, a crash, a read."""
    keys = st.sampled_from(["k0", "k1"])
    calls = {"read": (keys,), "write": (keys, strategies.nth())}
    scripts = strategies.scripts(
        schedule=strategies.schedules(
            hosts="n1", kinds=["crash", "pause"], lasts=6, longest=1, guard=None
        ),
        workload=strategies.workloads(calls, lasts=5, max_operations=10),
    )
    tried = []

    async def scenario(cloud):
        cloud.node("n1", Register)
        cloud.start(Workload(BoxClient, calls={"read": None, "write": None}, clients=2))
        cloud.start(faults.Schedule())
        cloud.check(linearizable("register"))
        await cloud.sleep(10)

    @QUIET
    @given(scripts)
    def prove(script):
        tried.append(script)
        run = run_cloud(scenario, script=script)
        assert run.exception is None
        assert run.verdict is not Verdict.INVALID

    with pytest.raises(AssertionError):
        prove()
    smallest = tried[-1]
    (crash,) = smallest.schedules["nemesis"].faults
    assert crash.kind == "crash"
    assert (crash.hosts, crash.lasts) == (("n1",), 0.001)
    write, read = smallest.operations["load"]
    assert (write.call, read.call) == ("write", "read")
    assert write.args[0] == read.args[0]


class Read(Request[int | None]):
    key: str


class Write(Request[None]):
    key: str
    value: int


class Register(Node):
    """Acknowledges what it has not synced."""

    def __init__(self) -> None:
        self.values = dict(self.disk.records("log"))

    @handle
    async def write(self, request: Write) -> None:
        self.values[request.key] = request.value
        await self.disk.append("log", request.key, request.value)

    @handle
    def read(self, request: Read) -> int | None:
        return self.values.get(request.key)


class BoxClient(Client):
    @operation(key="key")
    async def read(self, key: str) -> int | None:
        return await self.call("n1", Read(key), timeout=1.0)

    @operation(key="key")
    async def write(self, key: str, value: int) -> None:
        await self.call("n1", Write(key, value), timeout=1.0)


def test_knobs_are_dictated_too():
    script = smallest(
        strategies.scripts(knobs={"nodes": st.sampled_from([3, 5])}),
        lambda script: script.knobs["nodes"] > 3,
    )
    assert script == Script(knobs={"nodes": 5})


# --- mistakes


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: strategies.schedules(hosts=()), r"hosts=\(\): give names of hosts"),
        (lambda: strategies.schedules(hosts="a", kinds=["crahs"]), "did you mean 'crash'"),
        (
            lambda: strategies.schedules(hosts="a", kinds=["?"]),
            "'.' is no kind of fault; kinds are",
        ),
        (lambda: strategies.schedules(hosts="a", kinds=[]), "give one kind of fault or more"),
        (lambda: strategies.schedules(hosts="a", lasts=0), "lasts=0: give seconds above 0"),
        (lambda: strategies.schedules(hosts="a", longest=-1), "longest=-1: give seconds above 0"),
        (lambda: strategies.schedules(hosts="a", max_faults=-1), "max_faults=-1: give a whole"),
        (lambda: strategies.workloads({}), "give calls, such as"),
        (lambda: strategies.workloads({"get": (3,)}), r"calls\['get'\]: give a strategy for each"),
        (lambda: strategies.workloads({"get": ()}, clients=0), "clients=0: give a number from 1"),
        (lambda: strategies.workloads({"get": ()}, max_operations=1.5), "max_operations=1.5"),
    ],
)
def test_a_mistake_is_one_sentence_where_it_is_made(make, words):
    with pytest.raises(UsageError, match=words):
        make()


def test_without_hypothesis_it_says_what_to_install():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import minicloud.testing\n"
        "minicloud.testing.Simulation\n"
        "try:\n    import minicloud.testing.strategies\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "minicloud.testing.strategies needs Hypothesis, which is not installed: "
        "pip install hypothesis"
    )
