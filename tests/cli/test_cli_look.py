"""`log`, `why` and `diff`: what a kept run says of itself, in columns, filters and causes."""

import json
import tomllib
from pathlib import Path

import pytest

LESSON = "quorum-is-not-linearizable"


@pytest.fixture
def kept(cli):
    """The command line, in a folder with a run of each twin: `naive`, and then the other."""
    cli("run", LESSON, "--variant", "naive")
    cli("run", LESSON)
    return cli


def folder_of(variant):
    for about in sorted(Path("runs", LESSON).glob("*/run.toml")):
        if (tomllib.loads(about.read_text())["variant"] == "naive") == (variant == "naive"):
            return about.parent.as_posix()
    raise AssertionError(variant)


def test_log_has_a_column_a_host_and_fits_a_terminal(kept):
    done = kept("log", "--limit", "40")
    lines = done.out.splitlines()
    assert lines[0].split()[:3] == ["event", "seconds", "kv-r1"]
    assert lines[1].split() == ["1", "0.000000", "boots"]
    assert max(map(len, lines)) <= 80
    assert "more events; --limit 0 shows them all" in lines[-1]


def test_log_filters_by_node_type_kind_operation_and_time(kept):
    def events(*words):
        return [
            json.loads(line)
            for line in kept("log", "--json", "--limit", "0", *words).out.splitlines()
        ]

    everything = events()
    assert [e["number"] for e in everything] == list(range(1, len(everything) + 1))
    assert {e["type"] for e in events("--type", "boot", "--type", "crash")} == {"boot", "crash"}
    assert {e["id"].partition(".")[0] for e in events("--node", "carol", "--type", "send")} == {
        "carol"
    }
    assert {e["kind"] for e in events("--kind", "kv.Keep", "--type", "send")} == {"kv.Keep"}
    assert len(events("--kind", "kv.Keep", "--type", "fate")) > 3
    own = events("--op", "wally:1")
    assert {e["op"] for e in own if "op" in e} == {"wally:1"}
    assert own[0]["number"] < own[-1]["number"]
    late = events("--from", "1s", "--to", "2s")
    assert all(1e9 <= e["time"] <= 2e9 for e in late)
    assert 0 < len(late) < len(everything)


def test_the_causes_of_an_event_lead_back_to_the_operation(kept):
    own = [json.loads(line) for line in kept("log", "--json", "--op", "wally:1").out.splitlines()]
    ok = next(e for e in own if e.get("event") == "ok")
    chain = [
        json.loads(line)
        for line in kept("log", "--json", "--event", str(ok["number"])).out.splitlines()
    ]
    assert chain[-1]["number"] == ok["number"]
    assert chain[0]["type"] == "operation"
    assert chain[0]["op"] == "wally:1"
    assert [e["number"] for e in chain] == sorted(e["number"] for e in chain)
    assert {"send", "fate"} <= {e["type"] for e in chain}
    for send, fate in zip(chain, chain[1:], strict=False):
        if fate["type"] == "fate":
            assert send["id"] == fate["id"]


def test_why_shows_what_was_lost_and_how_it_ended(kept):
    done = kept("why", "wally:2", folder_of("naive"))
    assert "✖" in done.out
    assert "wally:2 write" in " ".join(done.out.splitlines()[-2:])
    assert max(map(len, done.out.splitlines())) <= 80


def test_diff_names_the_first_event_that_differs_and_its_causes(kept):
    one, other = folder_of("naive"), folder_of("other")
    done = kept("diff", one, other)
    assert done.code == 1
    assert done.out.startswith("the runs part at event ")
    assert done.out.count("▶") == 2
    told = json.loads(kept("diff", one, other, "--json").out)
    assert told["same"] is False
    traces = [
        [json.loads(line) for line in kept("log", run, "--json", "--limit", "0").out.splitlines()]
        for run in (one, other)
    ]
    part = told["event"]
    assert traces[0][: part - 1] == traces[1][: part - 1]
    assert traces[0][part - 1] != traces[1][part - 1]
    assert kept("diff", one, one).code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("log", "--node", "kv-r9"), "--node kv-r9: the run has kv-r1"),
        (("log", "--type", "sned"), "did you mean send?"),
        (("log", "--event", "999999"), "there is no event 999,999"),
        (("log", "--event", "x"), "--event x"),
        (("why", "zed:1"), "the run has no operation zed:1; among its operations: wally:1"),
        (("why", "wally:99"), "the run has no operation wally:99; among its operations: wally:1"),
        (("diff", "latest", "nowhere"), "no run nowhere"),
    ],
)
def test_what_is_not_there_is_one_sentence(kept, words, sentence):
    done = kept(*words)
    assert done.code == 2
    assert sentence in done.err
    assert done.err.count("\n") == 1
