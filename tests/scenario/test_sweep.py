import json
import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from minicloud.check import Judgement, Verdict
from minicloud.errors import UsageError
from minicloud.scenario.api import breaks, holds, scenario
from minicloud.scenario.jobs import job_of
from minicloud.scenario.running import versions
from minicloud.scenario.sweeping import plan_of, run_jobs, seeds_of, sweep
from minicloud.scenario.sweeping.abroad import Errand, do_errand


class Says:
    name = "promise"

    def __init__(self, verdict):
        self.verdict = Verdict(verdict)

    def judge(self, history, *, timeout=30.0):
        return Judgement(verdict=self.verdict, why="so it is")


@scenario(fair=holds(bad_seed=99), naive=breaks("promise", bad_seed=0))
async def one_in_many(cloud, *, bad_seed: int = 99):
    await cloud.sleep(1)
    cloud.check(Says("invalid" if cloud.seed == bad_seed else "valid"))


class Inline(Executor):
    """Runs at once, in this process; loses the first `broken` submissions, as a cluster may."""

    def __init__(self, broken=0):
        self.broken = broken
        self.submitted = 0

    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        self.submitted += 1
        if self.submitted <= self.broken:
            future.set_exception(ConnectionError("a machine went away"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(
    ("text", "seeds"), [("0..3", range(4)), ("7..7", range(7, 8)), ("5", range(5))]
)
def test_both_ends_of_a_range_are_in_it(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "..", "3..1", "-1", "a", "0", "1.5", "0...3", "9" * 30])
def test_what_is_no_range_of_seeds(text):
    with pytest.raises(UsageError, match="--seeds"):
        seeds_of(text)


def test_a_range_may_have_no_end():
    assert seeds_of("1000..")[:2] == range(1000, 1002)
    assert plan_of(seeds_of("1000.."), budget_s=1.0).count is None
    with pytest.raises(UsageError, match="without an end need --budget or --until-failure"):
        plan_of(seeds_of("1000.."))


def test_without_seeds_there_are_a_hundred_or_no_end_of_them():
    assert plan_of(None).seeds == range(100)
    assert plan_of(None, until_failure=True).count is None
    assert plan_of(None, budget_s=9.0).seeds[:3] == range(3)


def test_shards_are_all_the_seeds_and_none_twice():
    shards = [plan_of(range(100, 120), shard=(part, 3)).seeds for part in (1, 2, 3)]
    assert shards[0][0] == 100
    assert sorted(seed for shard in shards for seed in shard) == list(range(100, 120))
    assert plan_of([5, 3, 9], shard="2/2").seeds == [3]


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/", "-1/2", "1/2/3"])
def test_what_is_no_shard(text):
    with pytest.raises(UsageError, match="write I/N with I from 1 to N, such as 2/8"):
        plan_of(9, shard=text)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"budget_s": 0.0}, "budget must be a time above 0, and is 0"),
        ({"seed_timeout_s": float("nan")}, "seed-timeout must be a time above 0"),
        ({"shard": (3, 2)}, "shard 3/2: write I/N"),
        ({"seeds": 1, "shard": (2, 2)}, "there is no seed to try"),
        ({"seeds": 0}, "there is no seed to try"),
    ],
)
def test_what_is_no_plan(options, sentence):
    with pytest.raises(UsageError, match=sentence):
        plan_of(**{"seeds": 9, **options})


def test_a_scenario_of_a_module_is_swept_over_processes():
    swept = sweep(one_in_many, seeds=range(4), variant="naive", jobs=2)
    assert [result.seed for result in swept.results] == [0, 1, 2, 3]
    assert [result.seed for result in swept.failing] == [0]
    assert (swept.count("valid"), swept.count("invalid"), swept.count(None)) == (3, 1, 0)
    assert swept.results[0].expected == "invalid"


def test_any_executor_will_do():
    executor = Inline()
    swept = sweep(one_in_many, seeds=40, params={"bad_seed": 17}, executor=executor)
    assert [result.seed for result in swept.failing] == [17]
    assert [result.seed for result in swept.results] == list(range(40))
    assert 1 < executor.submitted < 40, "many small runs travel together"


def test_threads_will_do_since_runs_have_a_process_of_their_own():
    with ThreadPoolExecutor(2) as executor:
        swept = sweep(one_in_many, seeds=20, params={"bad_seed": 17}, executor=executor, jobs=2)
    assert [result.seed for result in swept.failing] == [17]


def test_a_machine_without_the_scenario_or_with_another_library_says_so(tmp_path, monkeypatch):
    work = [(job_of(one_in_many, case), case) for case in [one_in_many.case(seed=3)]]
    errand = Errand(work=work, limit_s=60.0, versions=versions(), source=None)

    def said(**changes):
        (result,) = do_errand(msgspec.structs.replace(errand, **changes))
        return (result.verdict, result.seed, result.error)

    job = msgspec.structs.replace(work[0][0], file=str(tmp_path / "gone.py"))
    verdict, seed, error = said(work=[(job, work[0][1])])
    assert (verdict, seed) == ("unknown", 3)
    assert error.endswith("put the scenario at the same path on every machine")
    assert "gone.py" in error
    assert "put the same scenario on every machine" in said(source="0" * 16)[2]
    assert said(versions={**versions(), "trio": "0.1"})[2].endswith("and 0.1 here")
    minor = ".".join(versions()["python"].split(".")[:2])
    assert said(versions={**versions(), "python": f"{minor}.999"})[0] == "valid"


def test_what_an_executor_loses_is_tried_again_then_unknown():
    assert sweep(one_in_many, seeds=1, executor=Inline(broken=1)).count("valid") == 1
    swept = sweep(one_in_many, seeds=2, executor=Inline(broken=3))
    assert [result.verdict for result in swept.results] == ["unknown", "valid"]
    assert "a machine went away" in (swept.results[0].error or "")


def test_by_name_or_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lesson.py").write_text(
        "from minicloud.scenario.api import scenario\n\n@scenario\nasync def lesson(cloud): ...\n"
    )
    swept = sweep("lesson.py", seeds=2, executor=Inline())
    assert [result.verdict for result in swept.results] == ["unknown", "unknown"]


def test_a_function_inside_another_runs_in_this_process_only():
    @scenario
    async def inner(cloud):
        cloud.check(Says("valid"))

    with pytest.raises(UsageError) as caught:
        sweep(inner, seeds=2, jobs=2)
    where = f"test_sweep.py:{inner.function.__code__.co_firstlineno}"
    assert str(caught.value) == (
        "workers can't import the function inner defined inside "
        f"test_a_function_inside_another_runs_in_this_process_only ({where}). "
        "Move it to module level, or use jobs=1"
    )
    assert sweep(inner, seeds=2, jobs=1).count("valid") == 2


def test_jobs_below_one_are_refused():
    with pytest.raises(UsageError, match="jobs must be 1 or more"):
        sweep(one_in_many, seeds=2, jobs=0)


def test_a_result_is_the_same_json_wherever_it_has_been():
    (here,) = sweep(one_in_many, seeds=1, executor=Inline()).results
    travelled = msgspec.json.decode(msgspec.json.encode(here), type=type(here))
    pickled = pickle.loads(pickle.dumps(travelled))
    other = msgspec.structs.replace(pickled, order=pickled.order[:3] + "dom")
    texts = [msgspec.json.encode(one) for one in (here, travelled, pickled, other)]
    assert texts == [texts[0]] * 4
    assert b"order" not in texts[0]
    assert list(json.loads(texts[0]))[-1] == "run"


def test_a_result_holds_its_script_where_that_is_asked_for():
    case = one_in_many.case(seed=1, order="fifo")
    job = job_of(one_in_many, case)
    scripted = msgspec.structs.replace(job, scripted=True)
    plain, told = run_jobs([(job, case), (scripted, case)], jobs=1)
    assert plain.script is None
    assert told.script is not None
    assert told.script.order == "fifo"
