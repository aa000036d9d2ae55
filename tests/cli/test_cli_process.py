"""What only a process of its own can show: streams that close, encodings, signals, hash seeds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SPIN = """
from minicloud import Cloud, holds, scenario

@scenario(fair=holds())
async def spins(cloud: Cloud) -> None:
    open("begun", "w").close()
    while True:
        await cloud.sleep(1)
"""


def command(*words):
    return [sys.executable, "-m", "minicloud", *words]


def environment(**more):
    paths = [
        path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path
    ]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


def run(*words, **more):
    return subprocess.run(
        command(*words), env=environment(**more), capture_output=True, check=False, timeout=60
    )


def test_the_digest_does_not_depend_on_the_hash_seed(here):
    said = [
        run("run", "twins", "--json", "--out", f"r{s}", PYTHONHASHSEED=s)
        for s in ("0", "1", "random")
    ]
    assert [one.returncode for one in said] == [0, 0, 0]
    assert [one.stderr for one in said] == [b"", b"", b""]
    assert len({json.loads(one.stdout)["digest"] for one in said}) == 1


def test_nobody_at_the_other_end_is_no_error(here):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            command("list"), env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_stream_that_cannot_write_marks_gets_letters(here):
    done = run("run", "twins", "--variant", "naive", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1
    assert done.stderr == b""
    assert b"  x promise: it is invalid" in done.stdout
    as_json = run("run", "twins", "--json", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert json.loads(as_json.stdout.decode("ascii"))["verdict"] == "valid"


def test_version(here):
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"minicloud ")


@pytest.mark.parametrize("words", [["run", "spins"], ["sweep", "spins", "--seeds", "4"]])
def test_an_interrupt_leaves_nothing_behind(here, words):
    Path("scenarios/spins.py").write_text(SPIN)
    process = subprocess.Popen(
        command(*words, "--json"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        while process.poll() is None and not Path("begun").exists():
            time.sleep(0.05)
        assert Path("begun").exists()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == b""
    assert err == b"minicloud: interrupted\n"
    assert not Path("runs").exists()
