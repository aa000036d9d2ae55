"""`--executor dask://…` against a real scheduler and two workers on this machine.

They are processes of their own, and so is the command: what Dask warns of is not ours to fail for.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'minicloud[dask]'")
pytestmark = pytest.mark.slow

LESSON = """
import os
import time
from minicloud import Cloud, scenario

@scenario
async def lesson(cloud: Cloud) -> None:
    cloud.check(lambda: cloud.seed % 5 < 4)
    if cloud.seed == 13:
        os._exit(9)
    while cloud.seed == 17:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""
ROOT = str(Path(__file__).parents[2])
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(path for path in (ROOT, os.environ.get("PYTHONPATH")) if path),
}


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", *words], env=ENVIRONMENT, **options
    )


def sweep(*words):
    return subprocess.run(
        [sys.executable, "-m", "minicloud", "sweep", "lesson.py", *words],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of a scheduler with two workers, `host:port`."""
    place = tmp_path_factory.mktemp("dask")
    file = place / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    local = ["--no-dashboard", "--scheduler-file", str(file)]
    processes = [
        start(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *local, **quiet
        )
    ]
    try:
        for number in range(2):
            processes.append(
                start(
                    "distributed.cli.dask_worker",
                    *local,
                    *("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"),
                    *("--name", f"w{number}", "--local-directory", str(place)),
                    **quiet,
                )
            )
        yield address_of(file)
    finally:
        for process in processes:
            process.kill()
            process.wait()


WAIT = """
import sys, distributed
with distributed.Client(scheduler_file=sys.argv[1]) as client:
    client.wait_for_workers(2, timeout=60)
"""


def address_of(file):
    """The scheduler's address, once both workers are with it."""
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    subprocess.run([sys.executable, "-W", "ignore", "-c", WAIT, str(file)], check=True, timeout=90)
    return json.loads(file.read_text())["address"].removeprefix("tcp://")


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("lesson.py").write_text(LESSON)


def timeless(text):
    return re.sub(r'"(wall_s|jobs)": [0-9.e-]+', '"": 0', text)


def test_a_cluster_gives_what_this_machine_gives(lesson, cluster):
    words = ["--seeds", "0..39", "--json", "--seed-timeout", "4"]
    there = sweep(*words, "--executor", f"dask://{cluster}", "--resume", "kept")
    here = sweep(*words)
    assert (there.returncode, here.returncode) == (1, 1), there.stderr
    assert timeless(there.stdout) == timeless(here.stdout)
    *seeds, last = map(json.loads, there.stdout.splitlines())
    assert [one["seed"] for one in seeds] == list(range(40))
    unknown = {one["seed"]: one["error"] for one in seeds if one["verdict"] == "unknown"}
    assert list(unknown) == [13, 17]
    assert "the worker process died" in unknown[13]
    assert "no end after 4 s of wall time" in unknown[17]
    assert last["summary"]["jobs"] == 2, "as many as Dask has threads"
    assert len(Path("kept").read_text().splitlines()) == 39


def test_nobody_at_the_address(lesson):
    said = sweep("--executor", "dask://127.0.0.1:1")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        "minicloud: --executor dask://127.0.0.1:1: no Dask scheduler answers there\n"
    )
