"""The benchmark's peers really carry the messages they count, and the command prints one object."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import kernel, peers

WANTED = {
    "bare_heap",
    "minicloud_def",
    "minicloud_async",
    "simpy_store",
    "simpy_timeout",
    "trio_mockclock",
}


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_peer_returns_a_rate(name):
    if name.startswith("simpy"):
        pytest.importorskip("simpy")
    assert peers.PEERS[name](500) > 100


def test_a_peer_takes_virtual_time_for_each_message(monkeypatch):
    """Messages of a pair follow one another, 1.5 ms apart in the mean: the peers do not cheat."""
    simpy = pytest.importorskip("simpy")
    made = []

    class Watched(simpy.Environment):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(simpy, "Environment", Watched)
    for name in ("simpy_store", "simpy_timeout", "simpy_callback"):
        peers.PEERS[name](10_000)
        rounds = 10_000 / (peers.NODES / 2)
        assert made[-1].now == pytest.approx(rounds * 0.0015, rel=0.05)


def test_peers_take_turns_and_the_median_counts():
    order = []
    rates = iter([1.0, 10.0, 3.0, 30.0, 2.0, 20.0])

    def peer(name):
        return lambda _messages: order.append(name) or next(rates)

    medians = kernel.interleaved({"a": peer("a"), "b": peer("b")}, {"a": 1, "b": 1}, 3)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert medians == {"a": 2.0, "b": 20.0}


def test_no_round_begins_after_the_budget():
    calls = []
    kernel.interleaved({"a": lambda _: calls.append(1) or 1.0}, {"a": 1}, 9, until=0.0)
    assert len(calls) == 1


def test_every_key_that_is_promised_is_printed(monkeypatch, capsys):
    pytest.importorskip("simpy")
    pingpong = pytest.importorskip("bench.pingpong")
    monkeypatch.setattr(pingpong, "minicloud_def", lambda _messages, _nodes=200: 400.0)
    monkeypatch.setattr(pingpong, "minicloud_async", lambda _messages, _nodes=200: 100.0)
    monkeypatch.setattr(kernel, "peak_mb", lambda messages: 30.0 + messages / 1e6)
    monkeypatch.setattr(kernel, "SAMPLE", dict.fromkeys(kernel.SAMPLE, 300))
    assert kernel.main(["--json", "--repeats", "1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) >= WANTED | {"scale", "peak_mb_more"}
    assert printed["minicloud_def"] == 400
    assert printed["scale"] == 1.0
    assert printed["peak_mb_more"] == 1.0
    assert printed["def_over_bare_heap"] == pytest.approx(400 / printed["bare_heap"], abs=1e-3)


def test_a_missing_peer_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "bench.pingpong", None)
    assert kernel.main(["--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "bench.pingpong" in said.err
    assert "Traceback" not in said.err


def test_the_peak_stays_after_the_memory_is_gone():
    code = (
        "from bench.kernel import own_peak_mb; before = own_peak_mb(); "
        "block = bytearray(60 * 1024**2); del block; print(own_peak_mb() - before)"
    )
    root = Path(kernel.__file__).parent.parent
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert 50 < float(child.stdout) < 80
