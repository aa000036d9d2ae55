"""What `sweep` says, how it ends, and how it goes on after it was ended."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from minicloud.scenario import sweep
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import load
from minicloud.scenario.sweeping.crew import Crew
from minicloud.scenario.sweeping.worker import Start, Worker

HEAD = """
from minicloud import Client, Cloud, Request, Node, faults, handle, operation, scenario

class Ping(Request[None]):
    pass

class Peer(Node):
    @handle
    def ping(self, request: Ping) -> None: ...

class Caller(Client):
    @operation(key="key")
    async def ping(self, key: str) -> None:
        await self.call("peer", Ping(), timeout=0.1)

"""

SHAPED = (
    HEAD
    + """
@scenario
async def shaped(cloud: Cloud) -> None:
    cloud.node("peer", Peer)
    alice = cloud.client("alice", Caller)
    nodes = cloud.random.knob("nodes", 3, 5)
    cut = cloud.seed % 10 < 3

    @cloud.sometimes
    def crash_before_dedup_record() -> bool:
        return False

    @cloud.sometimes
    def cut_at_all() -> bool:
        return cut

    await alice.ping("x")
    await cloud.sleep(1)
    if cut:
        with cloud.net.partition(["alice"], ["peer"]):
            try:
                await alice.ping("y")
            except Exception:
                pass

    def once() -> None:
        assert not (cut and cloud.seed % 3), f"order {cloud.seed} was charged twice"

    def paid() -> None:
        assert cloud.seed != 44, "nobody paid"

    cloud.check(once, paid)
"""
)

SLOW = """
from minicloud import Cloud, scenario

@scenario
async def slow(cloud: Cloud) -> None:
    open("begun", "w").close()
    total = sum(range(400_000))
    cloud.check(lambda: cloud.seed % 5 < 4)
"""


@pytest.fixture
def shaped(cli):
    Path("shaped.py").write_text(SHAPED)
    return cli


def start(*words):
    root = str(Path(__file__).parents[2])
    paths = [path for path in (root, os.environ.get("PYTHONPATH")) if path]
    return subprocess.Popen(
        [sys.executable, "-m", "minicloud", "sweep", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def timeless(text):
    return re.sub(r'"wall_s": [0-9.e-]+', '"wall_s": 0', text)


def test_a_summary_has_causes_what_goes_with_them_coverage_and_what_never_happened(shaped):
    said = shaped("sweep", "shaped.py", "--seeds", 200, "--jobs", 2)
    assert said.code == 1
    lines = said.out.splitlines()
    assert max(map(len, lines)) < 80
    assert "  once     40   first seed 1" in lines
    told = " ".join(said.out.split())
    assert "with fault 'partition' 40 of 60, without 0 of 140" in told
    assert "nodes=" not in told
    assert "✖ never happened: sometimes 'crash_before_dedup_record'" in told
    assert "cut_at_all" not in told
    rows = [line.split() for line in lines if line.startswith("  ping")]
    assert rows == [["ping", "no", "fault", "200", "0", "0"], ["ping", "partition", "0", "0", "60"]]


def test_the_same_in_json(shaped):
    said = shaped("sweep", "shaped.py", "--seeds", 200, "--json")
    *seeds, last = map(json.loads, said.out.splitlines())
    summary = last["summary"]
    assert summary["never_happened"] == ["crash_before_dedup_record"]
    assert summary["coverage"] == {"ping": {"-": {"ok": 200}, "partition": {"info": 60}}}
    once, paid = summary["clusters"]
    assert (once["check"], once["count"], once["first_seed"]) == ("once", 40, 1)
    assert once["cause"] == "order # was charged twice"
    assert once["example"] == "once: order 1 was charged twice"
    assert once["statistics"][0]["what"] == "fault 'partition'"
    assert (paid["check"], paid["count"], paid["first_seed"]) == ("paid", 1, 44)
    assert summary["knob_statistics"][0]["failing_with"] == 40
    assert seeds[1]["faults"] == ["partition"]
    assert list(seeds[1]["knobs"]) == ["nodes"]
    assert "faults" not in seeds[3], "omitted where empty"
    first = said.err.splitlines()
    assert first[0].startswith("✖ seed ")
    assert first[1].startswith("  repeat: minicloud run shaped.py --seed ")


def test_a_sweep_without_a_failure_fails_where_something_never_happened(shaped):
    said = shaped("sweep", "shaped.py", "--seeds", "3..9", "--json")
    summary = json.loads(said.out.splitlines()[-1])["summary"]
    assert (said.code, summary["valid"], summary["invalid"]) == (1, 7, 0)
    assert summary["never_happened"] == ["crash_before_dedup_record", "cut_at_all"]


def test_run_prints_the_knobs_and_keeps_them(shaped):
    said = shaped("run", "shaped.py", "--seed", 3, "--order", "pct:2")
    assert re.search(r"^  knobs  nodes=[35]$", said.out, re.MULTILINE)
    assert "minicloud run shaped.py --order pct:2 --seed 3" in said.out
    (folder,) = Path("runs/shaped").iterdir()
    text = (folder / "run.toml").read_text()
    assert 'order = "pct:2"' in text
    assert re.search(r"^\[knobs\]\nnodes = [35]$", text, re.MULTILINE)
    assert json.loads((folder / "script.json").read_text())["order"] == "pct:2"
    assert not (folder / "dictated.json").exists()
    again = shaped("replay", "latest")
    assert (again.code, again.out[0]) == (0, "✔")


def test_until_failure_ends_at_the_first(shaped):
    said = shaped("sweep", "shaped.py", "--seeds", "3..", "--until-failure", "--json")
    *seeds, last = map(json.loads, said.out.splitlines())
    assert [one["seed"] for one in seeds] == list(range(3, 11))
    assert last["summary"]["ended"] == "failure"
    assert said.code == 1


def test_a_shard_and_a_budget_say_which_seeds_they_tried(shaped):
    said = shaped("sweep", "shaped.py", "--shard", "2/3", "--seeds", 9, "--json")
    assert [json.loads(line).get("seed") for line in said.out.splitlines()[:-1]] == [1, 4, 7]
    said = shaped("sweep", "shaped.py", "--budget", "50ms", "--seeds", "3..9999999")
    assert re.search(
        r"^  [1-9][0-9]* of 9,999,997 seeds were tried: seeds 3..", said.out, re.MULTILINE
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--budget", "soon"], "--budget soon: --budget takes a time such as"),
        (["--budget", "0"], "--budget 0: --budget takes a time"),
        (["--shard", "3/2"], "--shard 3/2: write I/N with I from 1 to N, such as 2/8"),
        (["--shard", "two"], "--shard two: write I/N"),
        (["--seed-timeout", "-1"], "--seed-timeout -1: --seed-timeout takes a time"),
        (["--seeds", "0.."], "seeds without an end need --budget or --until-failure"),
        (["--order", "pct:0"], "write 'pct:3' for bugs of depth 3"),
        (["--resume", "no/such"], "--resume no/such: cannot be written: No such file"),
        (["--executor", "ray://x:1"], "write dask://HOST:PORT, a Dask scheduler's address"),
        (["--executor", "dask://x"], "write dask://HOST:PORT"),
    ],
)
def test_a_sweep_that_cannot_be_meant(cli, words, sentence):
    said = cli("sweep", "twins", *words, "--json")
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1


def test_another_sweep_is_refused_in_one_sentence(cli):
    assert cli("sweep", "twins", "--seeds", 2, "--resume", "kept").code == 0
    said = cli("sweep", "twins", "--variant", "naive", "--seeds", 2, "--resume", "kept")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "minicloud: --resume kept holds another sweep: variant was safe and is naive; "
        "rule was true and is false. Give --resume a new file\n"
    )


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_sweep_that_was_ended_goes_on_to_the_same_results(here, how):
    Path("slow.py").write_text(SLOW)
    words = ["slow.py", "--seeds", "0..59", "--jobs", "2", "--json"]
    process = start(*words, "--resume", "kept")
    try:
        while process.poll() is None and kept_lines() < 9:
            time.sleep(0.02)
        os.kill(process.pid, how)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert 9 <= kept_lines() < 60, "it was ended in the middle"
    wait_for_end_of_group(process.pid)
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert b"results; the same command goes on\nminicloud: interrupted\n" in err
    known = kept_lines() - 1
    resumed = start(*words, "--resume", "kept")
    whole = start(*words)
    (one, complaint), (other, _) = resumed.communicate(timeout=60), whole.communicate(timeout=60)
    assert (resumed.returncode, whole.returncode) == (1, 1), complaint
    assert timeless(one.decode()) == timeless(other.decode())
    assert len(one.splitlines()) == 61
    assert kept_lines() == 61, f"{known} were known and are there once"


def wait_for_end_of_group(pid):
    """Workers whose parent is gone leave by themselves."""
    deadline = time.monotonic() + 20
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(pid, 0)
            time.sleep(0.02)


def kept_lines():
    return Path("kept").read_bytes().count(b"\n") if Path("kept").exists() else 0


def kept_seed(seed):
    return any(b'"seed":%d,' % seed in line for line in Path("kept").read_bytes().splitlines()[1:])


def test_what_was_tried_is_said_after_an_interrupt_too(here):
    Path("slow.py").write_text(SLOW)
    process = start("slow.py", "--seeds", "0..", "--budget", "60s", "--resume", "kept")
    try:
        # Seeds are told in their order, and the first may come after twenty others.
        while process.poll() is None and (
            kept_lines() < 20 or not all(kept_seed(seed) for seed in range(5))
        ):
            time.sleep(0.02)
        time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert b" seeds were tried: seeds 0.." in out
    assert b"next:" not in out


def test_without_dask_its_executor_says_what_to_install(cli, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = cli("sweep", "twins", "--executor", "dask://127.0.0.1:1")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("minicloud: --executor dask://127.0.0.1:1: Dask is not installed")


@pytest.mark.slow
def test_every_failing_run_of_a_thousand_seeds_replays_to_its_digest(here, cli):
    """In processes of other hash seeds and heaps, each for ten runs; and by the command itself."""
    lesson = Path(__file__).parents[2] / "scenarios" / "double_charge.py"
    scenario = load(lesson)
    case = scenario.case("naive")
    failing = sweep(scenario, seeds=1000, variant="naive").failing
    assert len(failing) > 900
    job = job_of(scenario, case)
    work = [(msgspec.structs.replace(job, seed=one.seed), case) for one in failing]

    def start(number):
        environment = {"PYTHONHASHSEED": str(number)}
        return Worker(Start(path=sys.path, environment=environment, ballast=997 * number))

    with Crew(2, limit_s=120, recycle=10, start=start) as crew:
        again = {n: result.digest for n, result in crew.results(enumerate(work))}
    assert [again[n] for n in range(len(failing))] == [one.digest for one in failing]
    for one in failing[:3]:
        kept = cli("run", str(lesson), "--variant", "naive", "--seed", one.seed, "--json")
        assert json.loads(kept.out)["digest"] == one.digest
        assert cli("replay", "latest").out.startswith("✔ ")
