from concurrent.futures import Executor, Future
from pathlib import Path

import pytest

from minicloud.check import Judgement, Verdict
from minicloud.errors import UsageError
from minicloud.scenario.api import breaks, holds, scenario
from minicloud.scenario.sweeping import seeds_of, sweep


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


@pytest.mark.parametrize("text", ["", "..", "3..1", "-1", "0..", "a", "0", "1.5", "0...3"])
def test_what_is_no_range_of_seeds(text):
    with pytest.raises(UsageError, match="--seeds"):
        seeds_of(text)


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
