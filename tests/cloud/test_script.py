"""Scripts: what a run drew, dictated to another; knobs, and faults for the length of a block."""

import msgspec
import pytest
from helpers import Note, Ping, of, peers, run, traced

from minicloud import Load, faults, kv
from minicloud.check import linearizable
from minicloud.cloud import Do, Script, run_cloud
from minicloud.errors import OutcomeUnknown, UsageError
from minicloud.nemesis import Swarm


def as_file(script):
    """As a file would give it back."""
    return msgspec.json.decode(msgspec.json.encode(script), type=Script)


# Knobs.


def test_a_knob_is_one_of_its_choices_kept_and_moved_by_no_other():
    async def main(cloud, *, more=False):
        if more:
            cloud.random.knob("other", *range(100))
            cloud.random.draw()
        nodes = cloud.random.knob("nodes", 3, 5, 7)
        assert cloud.random.knob("nodes", 3, 5, 7) == nodes
        return nodes

    alone = [run(main, seed=seed) for seed in range(30)]
    beside = [run(lambda cloud: main(cloud, more=True), seed=seed).value for seed in range(30)]
    assert [result.value for result in alone] == beside
    assert [result.knobs for result in alone] == [{"nodes": value} for value in beside]
    assert set(beside) == {3, 5, 7}


@pytest.mark.parametrize(
    ("choices", "dictated"),
    [
        ((3, 5), 5),
        (("a", None), None),
        (((1, 2), (3, 4)), (3, 4)),
        ((1, True), True),
        ((0.5,), 0.5),
    ],
)
def test_a_script_dictates_a_knob_also_from_a_file(choices, dictated):
    async def main(cloud):
        return cloud.random.knob("k", *choices)

    for script in (Script(knobs={"k": dictated}), as_file(Script(knobs={"k": dictated}))):
        result = run(main, script=script)
        assert (result.value, type(result.value)) == (dictated, type(dictated))
        assert result.script.knobs == {"k": dictated}


def test_a_dictated_knob_moves_nothing_else():
    async def main(cloud):
        return [cloud.random.knob(name, *range(1000)) for name in "abc"]

    a, b, c = run(main).value
    assert run(main, script=Script(knobs={"b": 7})).value == [a, 7, c] != [a, b, c]


@pytest.mark.parametrize(
    ("knob", "words"),
    [
        (lambda r: r.knob("k"), r"knob\('k'\): give its choices"),
        (lambda r: r.knob("k", 3, 5), "knob 'k': the script says 4, and the choices are 3, 5"),
        (lambda r: [r.knob("j", 1), r.knob("j", 2)], "it was drawn before as 1, and the choices"),
    ],
)
def test_a_knob_that_cannot_be_is_refused(knob, words):
    async def main(cloud):
        with pytest.raises(UsageError, match=words):
            knob(cloud.random)

    run(main, script=Script(knobs={"k": 4}))


def test_the_streams_of_a_scenario_keep_their_names():
    async def main(cloud):
        kernel = cloud._kernel.entropy
        return cloud.random.stream("x").draw() == kernel.draw("scenario", "x")()

    assert run(main).value


# A run again.


async def chaos(cloud):
    store = cloud.start(kv.Quorum(nodes=cloud.random.knob("nodes", 3, 5), linearizable=True))
    load = cloud.start(Load(store, clients=3, keys=2, per_s=40, lasts=2.0, timeout=0.5))
    cloud.check(linearizable(store))
    with cloud.inject(Swarm(lasts=2)):
        await load.finish(within=20)


@pytest.mark.parametrize("seed", range(5))
def test_a_run_with_its_own_script_is_the_same_run(seed):
    first = run(chaos, seed=seed)
    assert first.script.operations["load"]
    again = run(chaos, seed=seed, script=as_file(first.script))
    assert again.digest == first.digest
    assert as_file(again.script) == as_file(first.script)


def test_a_script_that_drops_a_fault_moves_no_operation():
    first = next(r for r in (run(chaos, seed=s) for s in range(20)) if len(faults_of(r)) > 2)
    schedule = first.script.schedules["nemesis"]
    fewer = msgspec.structs.replace(schedule, faults=schedule.faults[1:])
    script = msgspec.structs.replace(first.script, schedules={"nemesis": fewer})
    less = run(chaos, seed=first.seed, script=script)
    assert less.script.operations == first.script.operations
    assert less.script.knobs == first.script.knobs
    assert len(faults_of(less)) == len(faults_of(first)) - 1


def faults_of(result):
    return result.script.schedules["nemesis"].faults


def test_the_order_is_part_of_the_script():
    async def main(cloud):
        await cloud.sleep(1)

    assert run(main).script.order == "random"
    fifo = run(main, order="fifo").script
    assert fifo.order == "fifo"
    assert run(main, script=fifo).script.order == "fifo"


def test_a_script_names_what_it_does_not_know():
    with pytest.raises(msgspec.ValidationError, match="operation"):
        msgspec.json.decode(b'{"operation": {}}', type=Script)
    assert Do(1.5, "load-1", "read", ("k",)).args == ("k",)


# Starting.


def test_an_async_function_starts_beside_the_scenario():
    async def main(cloud):
        seen = []

        async def beside(name, *, after=1.0):
            await cloud.sleep(after)
            seen.append((name, cloud.now))

        cloud.start(beside, "one")
        cloud.start(cloud.sleep, 50)
        await cloud.sleep(2)
        return seen

    assert run(main).value == [("one", 1.0)]


@pytest.mark.parametrize("nothing", [5, "kv", kv.Quorum, None])
def test_what_cannot_start_is_refused(nothing):
    async def main(cloud):
        with pytest.raises(UsageError, match=r"give a spec such as kv\.Quorum"):
            cloud.start(nothing)

    run(main)


# Faults for the length of a block.


def test_a_fault_of_a_machine_lasts_as_long_as_its_block():
    async def main(cloud):
        b, c = peers(cloud, "bc")
        with cloud.inject(faults.Crash("b")) as hit:
            assert (hit[0].hosts, b.up, c.up) == (("b",), False, True)
        assert b.up
        with cloud.inject(faults.Pause(("b", "c"))):
            assert b.paused
            assert c.paused
        assert not b.paused

    run(main)


def test_a_selector_is_drawn_among_those_under_test_and_not_among_clients():
    async def main(cloud):
        hosts = peers(cloud, "bcd")
        clients = [cloud.client(f"a{n}") for n in range(9)]
        paused = []
        for _ in range(20):
            with cloud.inject(faults.Pause("@any")) as hit:
                assert [host.name for host in hosts if host.paused] == list(hit[0].hosts)
                paused += hit[0].hosts
                assert not any(client.host.paused for client in clients)
        with cloud.inject(faults.Partition("@halves")) as hit:
            assert sorted(name for group in hit[0].groups for name in group) == ["b", "c", "d"]
        with cloud.inject(faults.Pause("a*")):
            assert all(client.host.paused for client in clients)
        with cloud.inject(faults.Crash("@leader")) as hit:
            assert hit == ()
        return paused

    assert set(run(main, seed=1).value) == {"b", "c", "d"}


def test_faults_of_links_are_told_as_before(tmp_path):
    async def main(cloud, inject):
        peers(cloud, "bc")
        with inject(cloud)(faults.Loss(1.0)):
            cloud.client("a").send("b", Note())
            await cloud.sleep(1)

    one, two = (
        traced(lambda cloud, i=i: main(cloud, i), tmp_path)
        for i in (lambda cloud: cloud.inject, lambda cloud: cloud.net.inject)
    )
    assert one[0].digest == two[0].digest
    assert len(of(one[1], "fault")) == 2


def test_a_schedule_is_started_or_lasts_as_long_as_its_block():
    plan = faults.Schedule([faults.Crash("b", at=1, lasts=1), faults.Crash("c", at=3, lasts=9)])

    async def main(cloud):
        b, c, _ = peers(cloud, "bcd")
        with cloud.inject(plan) as chaos:
            await cloud.sleep(1.5)
            assert not b.up
            await cloud.sleep(2)
            assert (b.up, c.up, chaos.over) == (True, False, False)
        assert (c.up, chaos.over) == (True, True)
        chaos = cloud.start(plan)
        await cloud.sleep(1.5)
        assert (b.up, chaos.over) == (False, False)
        await chaos.finished()
        return cloud.now

    assert run(main).value == 3.5 + 12


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.Crash("x"), "crash: there is no host 'x'; hosts are: b"),
        (faults.Crash("b", at=3), "inject\\(crash\\): the block says when it begins and ends"),
        (faults.Loss(0.5, lasts=3), "inject\\(loss\\): the block says when it begins and ends"),
        (faults.Rolling(faults.Crash("b")), "put it in a Schedule"),
        ("crash", "give a fault, such as faults.Crash"),
        (faults.Crash, "give a fault, such as faults.Crash"),
    ],
)
def test_what_no_block_can_hold_is_refused(fault, words):
    async def main(cloud):
        peers(cloud, "b")
        with pytest.raises(UsageError, match=words), cloud.inject(fault):
            pass

    run(main)


# A scenario that acts through a client.


def test_a_call_through_a_paused_client_waits_for_the_end_of_the_pause():
    async def main(cloud):
        b, c = peers(cloud, "bc")
        a, answers = cloud.client("a"), []

        async def ask():
            answers.append(await a.call(b, Ping(1), timeout=0.5))
            answers.append(await a.quorum([b, c], Ping(2), need=2, timeout=0.5))

        for freeze in (False, True):
            with a.host.pause(freeze_clock=freeze):
                cloud.start(ask)
                await cloud.sleep(2)
                assert not b.peek.pinged
                assert not answers
            await cloud.sleep(1)
            assert answers == [2, {"b": 3, "c": 3}]
            answers.clear()
            b.peek.pinged.clear()

    run(main)


def test_a_call_through_a_paused_client_that_loses_power_ends():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        a = cloud.client("a")

        async def cut():
            await cloud.sleep(1)
            a.host.crash()

        cloud.start(cut)
        with a.host.pause(), pytest.raises(OutcomeUnknown, match="the end of a's pause"):
            await a.call(b, Ping(1))
        assert not b.peek.pinged
        return cloud.now

    assert run_cloud(main).value == 1.0
