import os
import signal
import sys
import time
from pathlib import Path

import pytest

from minicloud.errors import SimulationError, UsageError
from minicloud.scenario.jobs import job_of, run_job
from minicloud.scenario.loading import load
from minicloud.scenario.sweeping import processes, run_jobs, sweep
from minicloud.scenario.sweeping.crew import Crew
from minicloud.scenario.sweeping.worker import Start, Worker

LESSON = """
import os
import time
from pathlib import Path

from minicloud import Cloud, holds, scenario
from minicloud.check import Judgement, Verdict

class Fine:
    name = "fine"
    def judge(self, history, *, timeout=30.0):
        return Judgement(verdict=Verdict.VALID, why=str(os.getpid()))

@scenario(fair=holds())
async def lesson(cloud: Cloud, *, way: str = "") -> None:
    cloud.check(Fine())
    if cloud.seed != 3:
        return
    if way == "hangs":
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    if way == "dies":
        os._exit(9)
    if way == "dies-once" and not Path("died").exists():
        Path("died").touch()
        os._exit(9)
"""


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lesson.py").write_text(LESSON)
    return load(Path("lesson.py"))


def work(lesson, way, seeds):
    cases = [lesson.case(params={"way": way}, seed=seed) for seed in seeds]
    return [(job_of(lesson, case), case) for case in cases]


def pids(results):
    return [result.checks[0].detail for result in results if result.checks]


def test_a_worker_that_hangs_is_ended_and_only_its_seed_is_unknown(lesson):
    began = time.monotonic()
    results = list(run_jobs(work(lesson, "hangs", range(12)), jobs=1, seed_timeout_s=1.5))
    assert time.monotonic() - began < 8
    assert [result.seed for result in results] == list(range(12))
    assert [result.seed for result in results if result.verdict != "valid"] == [3]
    assert results[3].verdict == "unknown"
    assert results[3].error == ("no end after 1.5 s of wall time, so its worker process was ended")


def test_a_worker_that_dies_once_costs_nothing(lesson):
    results = list(run_jobs(work(lesson, "dies-once", range(6)), jobs=1))
    assert [result.verdict for result in results] == ["valid"] * 6
    assert len(dict.fromkeys(pids(results))) == 2, "a second worker went on"


def test_a_worker_that_dies_each_time_costs_its_seed(lesson):
    results = list(run_jobs(work(lesson, "dies", range(6)), jobs=1))
    assert [result.seed for result in results if result.verdict == "unknown"] == [3]
    assert results[3].error == "the worker process died: out of memory, or killed"


def test_workers_are_replaced_after_so_many_runs(lesson):
    with Crew(1, limit_s=60, recycle=4) as crew:
        results = [result for _, result in crew.results(enumerate(work(lesson, "", range(10))))]
    assert [result.seed for result in results] == list(range(10))
    assert [pids(results).count(pid) for pid in dict.fromkeys(pids(results))] == [4, 4, 2]


def test_whoever_stops_listening_may_ask_again(lesson):
    jobs = enumerate(work(lesson, "", range(8)))
    with Crew(2, limit_s=60) as crew:
        first = next(iter(crew.results(jobs)))
        rest = list(crew.results(jobs))
    assert sorted(number for number, _ in [first, *rest]) == list(range(8))


def test_processes_that_end_at_once_end_the_sweep_with_a_sentence(lesson):
    with (
        Crew(
            2, limit_s=60, start=lambda _: Worker(Start(environment={"PYTHONHOME": "/no"}))
        ) as crew,
        pytest.raises(SimulationError, match="worker processes end as soon as they are started"),
    ):
        list(crew.results(enumerate(work(lesson, "", range(3)))))


def test_no_worker_outlives_its_crew(lesson):
    with Crew(2, limit_s=60) as crew:
        results = [result for _, result in crew.results(enumerate(work(lesson, "", range(40))))]
    for pid in dict.fromkeys(pids(results)):
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_worker_leaves_where_there_is_nothing_to_do(lesson):
    worker = Worker(Start(path=sys.path, idle_s=1))
    with Crew(1, limit_s=60, start=lambda _: worker) as crew:
        (one,) = crew.results(enumerate(work(lesson, "", [1])))
        deadline = time.monotonic() + 10
        while Path(f"/proc/{worker.pid}/stat").exists() and time.monotonic() < deadline:
            if Path(f"/proc/{worker.pid}/stat").read_text().split()[2] == "Z":
                break
            time.sleep(0.05)
        assert time.monotonic() < deadline
        crew._start = lambda _: Worker()
        (other,) = crew.results(enumerate(work(lesson, "", [2])))
    assert (one[1].verdict, other[1].verdict) == ("valid", "valid")


def test_processes_as_an_executor_of_one_run_at_a_time(lesson):
    jobs = [job for job, _ in work(lesson, "dies", range(5))]
    with processes(2) as executor:
        futures = [executor.submit(run_job, job) for job in jobs]
        assert futures[4].cancel()
        assert futures[0].result().verdict == "valid"
        assert [futures[n].result().verdict for n in (3, 2, 1)] == ["unknown", "valid", "valid"]


def test_until_failure_ends_at_the_first_failing_seed_however_many_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("late.py").write_text(
        "from minicloud import Cloud, scenario\n"
        "@scenario\n"
        "async def late(cloud: Cloud) -> None:\n"
        "    cloud.check(lambda: cloud.seed not in (40, 41, 55))\n"
        "    if cloud.seed == 40:\n"
        "        sum(range(3_000_000))\n"
    )
    for jobs in (1, 3):
        swept = sweep("late.py", until_failure=True, jobs=jobs)
        assert [result.seed for result in swept.results] == list(range(41))
        assert [result.seed for result in swept.failing] == [40]
        assert swept.ended == "failure"


def test_a_budget_is_honest_about_how_many(lesson):
    began = time.monotonic()
    swept = sweep(lesson, budget=2.0, jobs=2)
    assert 1.9 < time.monotonic() - began < 20
    assert swept.ended == "budget"
    assert swept.results
    assert [result.seed for result in swept.results] == list(range(len(swept.results)))
    assert sweep(lesson, seeds=3, budget=60.0, jobs=1).ended == "seeds"


def test_an_order_is_checked_and_said(lesson):
    swept = sweep(lesson, seeds=2, order="pct", jobs=1)
    assert [result.order for result in swept.results] == ["pct:3", "pct:3"]
    with pytest.raises(UsageError, match="There is no order 'pctt'; did you mean 'pct'"):
        sweep(lesson, seeds=2, order="pctt")


def test_a_worker_does_not_hear_an_interrupt_not_even_while_it_starts(lesson):
    started = []

    def start(_):
        started.append(Worker())
        os.kill(started[-1].pid, signal.SIGINT)
        return started[-1]

    with Crew(1, limit_s=60, start=start) as crew:
        assert len(list(crew.results(enumerate(work(lesson, "", range(3)))))) == 3
        os.kill(started[-1].pid, signal.SIGINT)
        assert len(list(crew.results(enumerate(work(lesson, "", range(3)))))) == 3
    assert len(started) == 1
