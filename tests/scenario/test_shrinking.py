"""From a failing seed to the smallest case: what is cut, what is kept, and the file it becomes."""

import msgspec
import pytest

from minicloud.cloud.script import Do, Script
from minicloud.errors import UsageError
from minicloud.scenario.loading import load
from minicloud.scenario.running import execute, result_of
from minicloud.scenario.shrinking import shrink
from minicloud.scenario.shrinking.code import expression

STALE = '''"""A store that reads one and writes one, and what else its file needs."""

from collections import deque
from minicloud import Cloud, Load, Schedule, breaks, faults, holds, kv, scenario
from minicloud.check import linearizable

UNUSED = deque()
PER_S = 20


def helper(cloud):
    """The scenario needs this one."""
    return kv.Quorum


@scenario(safe=holds(r=2, w=2), naive=breaks("linearizable", r=1, w=1))
async def stale(cloud: Cloud, *, nodes: int = 3, r: int = 2, w: int = 2, keys: int = 3) -> None:
    """Stale reads while one replica is cut off."""
    store = cloud.start(helper(cloud)(nodes=nodes, r=r, w=w))
    load = cloud.start(Load(store, clients=3, keys=keys, per_s=PER_S, lasts=10))
    cloud.check(linearizable(store))
    plan = Schedule([
        faults.Partition(((store.hosts[0].name, "load-1"), ("*-*",)), at=1.234567, lasts=8),
        faults.Slow((store.hosts[-1].name,), by=0.001, at=2, lasts=1),
        faults.Loss(0.05, at=3, lasts=2),
    ])
    with cloud.inject(plan):
        # this comment stays
        await load.finish(within=5)
'''


@pytest.fixture(scope="module")
def stale(tmp_path_factory):
    file = tmp_path_factory.mktemp("stale") / "stale.py"
    file.write_text(STALE)
    return load(file)


@pytest.fixture(scope="module")
def found(stale):
    return shrink(stale, first_failing(stale))


def first_failing(scenario, variant="naive", **params):
    for seed in range(50):
        case = scenario.case(variant, params, seed=seed)
        if result_of(case, execute(scenario, case)).verdict == "invalid":
            return case
    raise AssertionError("no seed fails")


def test_a_stale_read_is_cut_down_to_a_few_writes_and_a_read(found):
    assert found.failure.check == "linearizable"
    assert found.before.operations > 50
    assert found.before.faults == 3
    assert found.after.operations <= 4
    assert found.after.faults <= 1
    assert found.after.deviations <= 2 < found.before.deviations
    assert found.after.nodes < found.before.nodes
    assert found.result.verdict == "invalid"
    assert found.stopped is None


def test_what_is_left_is_all_needed(stale, found):
    """Without any one of its operations and faults the case does not fail any more."""
    script = found.case.script
    (load_name,), (nemesis,) = script.operations, script.schedules
    for number in range(len(script.operations[load_name])):
        left = script.operations[load_name]
        fewer = {load_name: left[:number] + left[number + 1 :]}
        assert not fails(stale, found, msgspec.structs.replace(script, operations=fewer))
    plan = script.schedules[nemesis]
    for number in range(len(plan.faults)):
        left = plan.faults[:number] + plan.faults[number + 1 :]
        fewer = {nemesis: msgspec.structs.replace(plan, faults=left)}
        assert not fails(stale, found, msgspec.structs.replace(script, schedules=fewer))


def fails(scenario, found, script):
    case = msgspec.structs.replace(found.case, script=script)
    return found.failure.shown_by(result_of(case, execute(scenario, case)))


def test_the_search_itself_repeats(stale, found):
    one, other = found, shrink(stale, first_failing(stale))
    assert (one.text(), one.runs, one.result.digest) == (
        other.text(),
        other.runs,
        other.result.digest,
    )


def test_the_file_stands_on_its_own_and_fails_as_it_should(found, tmp_path):
    for whole in (False, True):
        alone = tmp_path / f"alone{whole}"
        alone.mkdir()
        file = alone / f"{found.name}.py"
        file.write_text(found.text(whole=whole))
        written = load(file)
        result = result_of(written.case(), execute(written, written.case()))
        assert result.verdict == result.expected == "invalid"
        assert found.failure.shown_by(result)
        # What is not dictated comes from the seed that failed, whatever seed the file is run with.
        again = written.case(seed=99)
        assert execute(written, again).digest == result.digest
    text = found.text()
    assert "UNUSED" not in text
    assert "deque" not in text
    assert "# this comment stays" in text
    assert "def helper(cloud):" in text
    assert "safe=" not in text
    assert "UNUSED" in found.text(whole=True)


def test_a_budget_ends_the_search_with_what_it_has(stale):
    found = shrink(stale, first_failing(stale), most=4)
    assert found.runs == 4
    assert found.stopped == "4 runs"
    assert found.result.verdict == "invalid"


def test_a_seed_that_does_not_fail_is_told_so(stale):
    with pytest.raises(UsageError, match="seed 0 is valid"):
        shrink(stale, stale.case("safe"))
    with pytest.raises(UsageError, match="does not break fresh; its checks are: linearizable"):
        shrink(stale, first_failing(stale), check="fresh")


def test_a_scenario_that_cannot_be_run_has_nothing_to_shrink(tmp_path):
    file = tmp_path / "raises.py"
    file.write_text(
        "from minicloud import Cloud, scenario\n\n@scenario\n"
        'async def raises(cloud: Cloud) -> None:\n    """It does."""\n'
        '    raise ValueError("broken")\n'
    )
    scenario = load(file)
    with pytest.raises(UsageError, match="could not be run"):
        shrink(scenario, scenario.case())


def test_values_are_written_as_the_field_writes_them():
    prefixes = {"Do": ""}
    assert expression(Script(), prefixes=prefixes) == "Script()"
    do = Do(1.5, "alice", "put", ('k"1', 2))
    assert expression(do, prefixes=prefixes) == 'Do(1.5, "alice", "put", ("k\\"1", 2))'
    assert expression({"a": (1,)}, prefixes={}) == '{"a": (1,)}'
    long = expression(Script(operations={"load": (do,) * 3}), prefixes=prefixes)
    assert long.count("\n") == 8
    assert max(map(len, long.splitlines())) <= 100
    assert eval(long, {"Script": Script, "Do": Do}) == Script(operations={"load": (do,) * 3})
