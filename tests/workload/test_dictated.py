"""Loads whose operations a script dictates: just those, at their times, by those clients."""

import msgspec
import pytest

from minicloud import Client, Load, kv, operation
from minicloud.check import linearizable
from minicloud.cloud import Do, Script, run_cloud
from minicloud.errors import UsageError
from minicloud.workload import Bursts, Every, Workload


class Slow(Client):
    def __init__(self, *, takes=0.0):
        self.takes = takes

    @operation()
    async def step(self, n):
        await self.sleep(self.takes)
        return n


def in_cloud(main, *, seed=0, **options):
    run = run_cloud(main, seed=seed, **options)
    if run.exception is not None:
        raise run.exception
    return run


def script_of(*operations, load="load"):
    return Script(operations={load: tuple(Do(*given) for given in operations)})


def begun(load):
    return [(op.start_ns / 1e9, op.client, op.argument) for op in load.operations()]


STEPS = {"step": lambda draw: draw.fresh()}


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_just_what_is_dictated_is_done_by_just_those_clients(mode):
    script = script_of(
        (2.5, "load-7", "step", (70,)),
        (2.5, "load-2", "step", (21,)),
        (0.5, "load-2", "step", (20,)),
        (0.0, "zoe", "step", (99,)),
    )

    async def main(cloud):
        load = cloud.start(Workload(Slow, calls=STEPS, clients=9, mode=mode))
        await cloud.sleep(9)
        assert [client.name for client in load.clients] == ["load-2", "load-7", "zoe"]
        assert list(cloud.hosts) == ["load-2", "load-7", "zoe"]
        await load.finish(within=1)
        return begun(load)

    run = in_cloud(main, script=script)
    assert run.value == [
        (0.0, "zoe", 99),
        (0.5, "load-2", 20),
        (2.5, "load-2", 21),
        (2.5, "load-7", 70),
    ]
    assert [do.at for do in run.script.operations["load"]] == [0.0, 0.5, 2.5, 2.5]
    assert run.script.operations["load"][0] == Do(0.0, "zoe", "step", (99,))


def test_a_load_that_is_to_do_nothing_has_no_clients():
    async def main(cloud):
        load = cloud.start(Workload(Slow, calls=STEPS, lasts=2))
        other = cloud.start(Workload(Slow, calls=STEPS, lasts=2))
        await load.finish(within=1)
        assert (load.clients, load.hosts, load.operations()) == ([], [], [])
        return len(other.operations())

    assert in_cloud(main, script=script_of()).value > 10


def test_an_operation_of_the_past_begins_at_once():
    async def main(cloud):
        await cloud.sleep(5)
        load = cloud.start(Workload(Slow, calls=STEPS))
        await cloud.sleep(1)
        return begun(load)

    script = script_of((1.0, "load-1", "step", (1,)), (5.5, "load-1", "step", (2,)))
    assert in_cloud(main, script=script).value == [(5.0, "load-1", 1), (5.5, "load-1", 2)]


def test_a_closed_loop_is_late_where_the_answer_is_and_an_open_one_is_not():
    async def main(cloud, mode):
        spec = Workload(Slow, calls=STEPS, mode=mode, arguments={"takes": 2.0})
        load = cloud.start(spec)
        await cloud.sleep(9)
        return [time for time, _, _ in begun(load)]

    script = script_of(*((float(t), "load-1", "step", (t,)) for t in (1, 2, 7)))
    assert in_cloud(lambda cloud: main(cloud, "closed"), script=script).value == [1, 3, 7]
    assert in_cloud(lambda cloud: main(cloud, "open"), script=script).value == [1, 2, 7]


def test_stop_and_lasts_end_a_dictated_load_too():
    async def main(cloud, lasts):
        load = cloud.start(Workload(Slow, calls=STEPS, lasts=lasts))
        await cloud.sleep(3.5)
        load.stop()
        await cloud.sleep(5)
        return [time for time, _, _ in begun(load)]

    script = script_of(*((float(t), "load-1", "step", (t,)) for t in range(1, 7)))
    assert in_cloud(lambda cloud: main(cloud, None), script=script).value == [1, 2, 3]
    assert in_cloud(lambda cloud: main(cloud, 2.0), script=script).value == [1]


def test_each_load_has_its_own():
    async def main(cloud):
        loads = [cloud.start(Workload(Slow, calls=STEPS, lasts=2)) for _ in range(2)]
        await cloud.sleep(3)
        return [begun(load) for load in loads]

    first, second = in_cloud(main).value
    again = in_cloud(main, script=script_of((1.0, "load-2-1", "step", (5,)), load="load-2")).value
    assert again == [first, [(1.0, "load-2-1", 5)]]
    assert second != again[1]


def test_what_is_dictated_and_no_method_is_refused():
    async def main(cloud):
        for call in ("stepp", "_core"):
            cloud._script = script_of((1.5, f"load-{call}", call, ()))
            words = f"make load-{call} call '{call}' at 1.5 s, and Slow has no such method"
            with pytest.raises(UsageError, match=words):
                cloud.start(Workload(Slow, calls=STEPS, name="load"))
            cloud.net._names.clear()

    in_cloud(main)


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_timers_of_the_clients_own_keep_their_numbers(mode):
    class Ticking(Client):
        @operation()
        async def step(self, n):
            for _ in range(n % 3):
                self.after(0.7, int)
            await self.sleep(0.01)

    async def main(cloud):
        load = cloud.start(Workload(Ticking, calls=STEPS, per_s=5, mode=mode))
        await cloud.sleep(5)
        load.stop()
        await cloud.sleep(3)
        for client in load.clients:
            client.after(0.1, int)
        await cloud.sleep(1)

    first = in_cloud(main)
    assert in_cloud(main, script=first.script).digest == first.digest


LOADS = {
    "open": {},
    "closed": {"mode": "closed"},
    "lasts": {"lasts": 3.0},
    "bursts": {"per_s": None, "arrivals": Bursts(40, size=4)},
    "every": {"per_s": None, "arrivals": Every(40)},
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("options", LOADS.values(), ids=LOADS)
def test_what_was_done_can_be_done_again_to_the_byte_whatever_befell_the_clients(options, seed):
    async def main(cloud):
        store = cloud.start(kv.Quorum(linearizable=True))
        given = {"clients": 4, "keys": 2, "per_s": 40, "timeout": 0.5, **options}
        load = cloud.start(Load(store, **given))
        cloud.check(linearizable(store))
        dice = cloud.random.stream("trouble")
        for _ in range(6):
            await cloud.sleep(dice.uniform(0.0, 0.5))
            host = dice.choice([*store.hosts, *load.hosts])
            host.clock.drift(dice.choice([0, 50_000, -50_000]))
            with (
                host.pause(freeze_clock=dice.chance(0.5)),
                cloud.net.isolate(dice.choice(load.hosts)),
            ):
                await cloud.sleep(dice.uniform(0.0, 0.5))
        dice.choice(load.hosts).crash()
        await load.finish(within=5)
        await cloud.sleep(2)

    first = in_cloud(main, seed=seed)
    assert len(first.script.operations["load"]) > 50
    script = msgspec.json.decode(msgspec.json.encode(first.script), type=Script)
    again = in_cloud(main, seed=seed, script=script)
    assert again.digest == first.digest
    assert again.script == first.script

    fewer = script.operations["load"][::2]
    less = in_cloud(
        main, seed=seed, script=msgspec.structs.replace(script, operations={"load": fewer})
    )
    calls = {(do.at, do.client, do.args) for do in less.script.operations["load"]}
    assert calls <= {(do.at, do.client, do.args) for do in fewer}
    assert len(calls) > 0.8 * len(fewer)
