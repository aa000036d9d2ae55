"""What an operation costs: the bench prints what it promises, and its figures are the engines'."""

import json

import pytest

from bench import kv as bench_kv
from bench import kv_peers
from bench.kv_engines import ENGINES, Cost, Engine, costs, rate
from minicloud.check import linearizable

OF = {engine.name: engine for engine in ENGINES}


@pytest.mark.parametrize("name", list(OF))
def test_every_engine_keeps_its_promise_and_costs_about_what_the_book_says(name):
    engine = OF[name]
    per_s, verdict = rate(engine, 40, checked=True)
    assert per_s > 0
    assert verdict == "valid"
    found = costs(engine, 10)
    # No fewer than the book's: what isn't sent can't be known. (Heartbeats that an operation stands
    # for are counted as if they had been sent.)
    assert found["put"].syncs == pytest.approx(engine.put.syncs, abs=1)
    assert engine.put.messages * 0.75 <= found["put"].messages <= engine.put.messages * 2
    assert found["get"].syncs <= 1
    assert 1.5 <= found["get"].messages <= 12


def test_a_checker_is_on_only_where_it_is_asked_for():
    assert rate(OF["single"], 8, checked=False)[1] == "-"
    assert rate(OF["single"], 8, checked=True)[1] == "valid"


def test_messages_of_one_server_are_counted_exactly():
    assert costs(OF["single"], 10) == {"put": Cost(2, 1), "get": Cost(2, 0)}


def test_the_object_has_a_row_for_each_engine(monkeypatch, capsys):
    gone = Engine("gone", "NoSuchEngine", {}, linearizable, Cost(0, 0), Cost(0, 0), "")
    monkeypatch.setattr(bench_kv, "ENGINES", [OF["single"], gone])
    monkeypatch.setattr(bench_kv, "ALONE", 4)
    assert bench_kv.main(["--json", "--operations", "8", "--repeats", "1", "--no-peers"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["nodes", "python", "engines", "peers"]
    single, none = result["engines"]
    assert list(single) == [
        "engine",
        "nodes",
        "ops_per_s",
        "ops_per_s_checked",
        "check",
        "verdict",
        "put_messages",
        "put_messages_textbook",
        "put_syncs",
        "put_syncs_textbook",
        "get_messages",
        "get_messages_textbook",
        "get_syncs",
        "get_syncs_textbook",
        "textbook",
    ]
    assert (single["nodes"], single["check"]) == (1, "linearizable")
    assert none == {"engine": "gone", "nodes": 5, "skipped": "there is no kv.NoSuchEngine"}
    assert "there is no kv.NoSuchEngine" in bench_kv.table(result)


def test_a_peer_that_is_not_there_is_skipped_with_a_reason(monkeypatch):
    monkeypatch.setattr(kv_peers.importlib.util, "find_spec", lambda _name: None)
    row = kv_peers.measure("pysyncobj", 40)
    assert row["ops_per_s"] is None
    assert row["skipped"] == "not installed: pip install pysyncobj"


def test_a_peer_that_does_not_run_is_skipped_with_a_reason(monkeypatch):
    def fail(_name, _operations):
        raise RuntimeError("no figure in 60 s")

    monkeypatch.setattr(kv_peers.importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(kv_peers.importlib.metadata, "version", lambda _name: "1.0")
    monkeypatch.setattr(kv_peers, "_five", fail)
    assert kv_peers.measure("pysyncobj", 40)["skipped"] == "it did not run: no figure in 60 s"


@pytest.mark.slow
def test_a_peer_runs_on_five_processes_and_leaves_none():
    pytest.importorskip("pysyncobj")
    row = kv_peers.measure("pysyncobj", 40)
    assert row["ops_per_s"] > 0
    assert row["ops_per_s_at_once"] > 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--only", "nonsense"], "--only nonsense: there are: single, raft, "),
        (["--operations", "3"], "--operations must be 4 or more"),
        (["--repeats", "0"], "--repeats 1 or more"),
    ],
)
def test_a_wrong_word_is_answered_by_a_sentence(capsys, words, sentence):
    with pytest.raises(SystemExit) as left:
        bench_kv.main(words)
    said = capsys.readouterr()
    assert left.value.code == 2
    assert sentence in said.err
    assert said.out == ""
