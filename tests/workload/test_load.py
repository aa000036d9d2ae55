"""The load: when requests begin, what they ask, how they are recorded, and how it all ends."""

import pytest

from minicloud import Client, Load, OutcomeUnknown, Refused, dist, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.workload import Bursts, Every


def in_cloud(main, *, seed=0):
    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


class FakeClient(Client):
    """Answers after a while, as told, without a network."""

    def __init__(self, *, takes, ends):
        self.takes, self.ends = takes, ends
        self.service = "fake"

    async def read(self, key, *, timeout):
        async with self.recording("read", key=key):
            await self.sleep(self.takes)
            if self.ends is not None:
                raise self.ends

    async def write(self, key, value, *, timeout):
        async with self.recording("write", key=key, value=value):
            await self.sleep(self.takes)


class FakeStore:
    """Any handle with `client(name)` will do."""

    name = "fake"

    def __init__(self, cloud, *, takes=0.0, ends=None):
        self.cloud, self.takes, self.ends = cloud, takes, ends

    def client(self, name):
        return self.cloud.client(name, FakeClient, takes=self.takes, ends=self.ends)


def test_an_open_loop_asks_when_requests_are_due_whatever_became_of_the_others():
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud, takes=3.0), clients=2, arrivals=Every(10)))
        await cloud.sleep(2.05)
        return [op.start_ns for op in load.operations()], load.under_way

    begun, under_way = in_cloud(main).value
    # Two clients, five requests a second each: every 0.2 s one of each.
    assert begun == [200_000_000 * (1 + i // 2) for i in range(20)]
    assert under_way == 20


def test_a_closed_loop_waits_for_the_answer_and_then_thinks():
    async def main(cloud):
        store = FakeStore(cloud, takes=0.3)
        load = cloud.start(Load(store, clients=2, arrivals=Every(10), mode="closed"))
        await cloud.sleep(1.85)
        return [op.start_ns for op in load.operations()], load.under_way

    begun, under_way = in_cloud(main).value
    assert begun == [200_000_000 + 500_000_000 * (i // 2) for i in range(8)]
    assert under_way == 2


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_the_rate_is_that_of_all_clients_together(mode):
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud), clients=5, per_s=100, mode=mode, lasts=60))
        await load.finish(within=1)
        assert sum(load.counts.values()) == len(load.operations())
        return load.counts["ok"]

    # Six standard deviations of a Poisson count around 6,000.
    assert abs(in_cloud(main).value - 6000) < 6 * 6000**0.5


def test_bursts_arrive_as_bursts():
    async def main(cloud):
        spec = Load(FakeStore(cloud), clients=1, arrivals=Bursts(10, size=5), lasts=60)
        load = cloud.start(spec)
        await load.finish(within=1)
        times = [op.start_ns for op in load.operations()]
        return len(times), len(set(times))

    requests, instants = in_cloud(main).value
    assert requests == 5 * instants
    assert instants > 50


def test_reads_writes_and_keys_are_as_asked_for():
    async def main(cloud, **options):
        load = cloud.start(Load(FakeStore(cloud), per_s=200, lasts=20, **options))
        await load.finish(within=1)
        return load.operations()

    every = in_cloud(lambda cloud: main(cloud, reads=0.9, keys=3)).value
    share = sum(op.f == "read" for op in every) / len(every)
    assert abs(share - 0.9) < 6 * (0.9 * 0.1 / len(every)) ** 0.5
    assert {op.key for op in every} == {"k0", "k1", "k2"}
    assert {op.f for op in in_cloud(lambda cloud: main(cloud, reads=0.0)).value} == {"write"}

    hot = in_cloud(lambda cloud: main(cloud, keys=10, key_choice=dist.ZipfianKeys())).value
    counts = [sum(op.key == f"k{i}" for op in hot) for i in range(10)]
    assert counts[0] > 2.5 * counts[3] > 0


def test_every_value_is_written_once_also_by_a_second_load_on_the_same_store():
    async def main(cloud):
        store = FakeStore(cloud)
        loads = [cloud.start(Load(store, per_s=100, reads=0.0, lasts=5)) for _ in range(3)]
        for load in loads:
            await load.finish(within=1)
        assert [load.name for load in loads] == ["load", "load-2", "load-3"]
        return [op.argument for op in cloud.history.operations()]

    values = in_cloud(main).value
    assert len(values) > 1000
    assert len(set(values)) == len(values)


def test_one_more_client_moves_no_decision_of_the_others():
    async def main(cloud, *, clients):
        spec = Load(FakeStore(cloud), clients=clients, per_s=10 * clients, lasts=10)
        load = cloud.start(spec)
        await load.finish(within=1)
        return [(op.start_ns, op.f, op.key) for op in load.operations() if op.client == "load-1"]

    three, four = (in_cloud(lambda cloud, n=n: main(cloud, clients=n)).value for n in (3, 4))
    assert three == four
    assert len(three) > 50


@pytest.mark.parametrize(
    ("error", "counted"), [(Refused("no"), "fail"), (OutcomeUnknown("who knows"), "info")]
)
def test_refused_and_unknown_are_counted_apart_and_end_nothing(error, counted):
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud, ends=error), reads=1.0, lasts=5))
        await load.finish(within=1)
        assert load.counts[counted] == len(load.operations()) > 100
        assert {op.outcome for op in load.operations()} == {counted}

    in_cloud(main)


def test_each_request_under_way_has_a_process_of_its_own():
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud, takes=1.0), clients=1, per_s=20, lasts=10))
        await load.finish(within=5)
        return load.operations()

    open_until = {}
    for op in in_cloud(main).value:
        assert open_until.get(op.process, -1) < op.start
        open_until[op.process] = op.end
    assert 10 < len(open_until) < 60


def test_finish_waits_for_the_answers_and_complains_if_they_do_not_come():
    async def main(cloud, *, within):
        load = cloud.start(Load(FakeStore(cloud, takes=2.0), per_s=20))
        await cloud.sleep(3)
        begun = len(load.operations())
        await load.finish(within=within)
        assert load.under_way == 0
        assert 4.5 < cloud.now <= 5.0
        assert len(load.operations()) == begun

    in_cloud(lambda cloud: main(cloud, within=3))
    run = run_cloud(lambda cloud: main(cloud, within=1))
    assert run.verdict is Verdict.INVALID
    assert isinstance(run.exception, AssertionError)


def test_finish_lets_a_load_with_a_length_have_it():
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud), per_s=20, lasts=7))
        await cloud.sleep(2)
        await load.finish(within=1)
        return cloud.now, max(op.start_ns for op in load.operations())

    now, last_ns = in_cloud(main).value
    assert 6e9 < last_ns < 7e9
    assert now == 7.0


def test_a_client_that_loses_power_asks_no_more_and_nobody_waits_for_it():
    async def main(cloud):
        store = cloud.start(kv.Quorum(linearizable=True))
        load = cloud.start(Load(store, clients=2, per_s=200, timeout=5.0))
        cloud.check(linearizable(store))
        with cloud.net.delay(0.5):
            await cloud.sleep(2)
            load.hosts[0].crash()
        await cloud.sleep(2)
        await load.finish(within=5)
        mine = [op for op in load.operations() if op.client == "load-1"]
        assert max(op.start_ns for op in mine) < 2e9
        # It will never say what became of these.
        assert any(op.outcome == "info" for op in mine)

    assert in_cloud(main).verdict is Verdict.VALID


def test_a_paused_client_asks_no_more_until_it_goes_on():
    async def main(cloud):
        load = cloud.start(Load(FakeStore(cloud), clients=1, arrivals=Every(10)))
        await cloud.sleep(1.05)
        with load.hosts[0].pause():
            await cloud.sleep(1)
        await cloud.sleep(1)
        return [op.start_ns / 1e9 for op in load.operations()]

    begun = in_cloud(main).value
    assert not [time for time in begun if 1.05 < time < 2.05]
    assert len([time for time in begun if time >= 2.05]) >= 10


def test_a_load_stands_for_its_hosts_in_faults():
    async def main(cloud):
        store = cloud.start(kv.Quorum())
        load = cloud.start(Load(store, per_s=20, timeout=0.1))
        with cloud.net.isolate(load):
            await cloud.sleep(5)
            load.stop()
            await load.finish(within=1)
        return load.counts

    counts = in_cloud(main).value
    assert counts["ok"] == 0
    assert counts["fail"] > 50


def test_the_same_seed_asks_the_same_and_another_does_not():
    async def main(cloud):
        store = cloud.start(kv.Quorum(linearizable=True))
        load = cloud.start(Load(store, lasts=3))
        cloud.check(linearizable(store))
        await load.finish(within=2)

    digests = [in_cloud(main, seed=seed).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"clients": 0}, "clients=0: give a number from 1"),
        ({"keys": 0}, "keys=0: give a number from 1"),
        ({"reads": 1.5}, "reads=1.5: give a share from 0 to 1"),
        ({"mode": "half-open"}, "mode='half-open': write 'open' or 'closed'"),
        ({"lasts": 0}, "lasts=0: give seconds above 0"),
        ({"timeout": 0}, "timeout=0: give seconds above 0"),
        ({"per_s": 5, "arrivals": Every(5)}, "per_s or arrivals, not both"),
        ({"per_s": 0}, "per_s must be a rate above 0"),
    ],
)
def test_a_load_that_cannot_be_is_refused_when_it_is_described(options, words):
    with pytest.raises(UsageError, match=words):
        Load(FakeStore(None), **options)
    with pytest.raises(UsageError, match=r"give the handle that cloud.start\(\) returned"):
        Load("kv")
