"""What a page leaves out of a long run, and that what stays refers to nothing that went."""

import pytest
from handmade import MS, Made, S, read_page

from minicloud.report.page import Slice, page_of
from minicloud.report.page.facts.events import ARRIVE, DROP, FAULT, INVOKE, SEND


def long_run(path, operations, *, messages=4):
    """A client that writes, each write handed on from host to host; a fault; a check that fails."""
    made = Made(path)
    made.boot("kv-r1", "kv-r2", "kv-r3", "alice")
    made.result["virtual_s"] = operations / 100
    for number in range(operations):
        at = number * 10 * MS + MS
        name = made.op("alice", at, at + 5 * MS, name=f"alice:{number}", value=number)
        payload = {"key": f"k{number % 50}", "value": f"{number * 7919:020}"}
        source, cause = "alice", None
        for hop in range(messages):
            target = f"kv-r{1 + (number + hop) % 3}"
            sent = at + 1 + hop * 500_000 + number % 977
            took = 400_003 + (number * 7919 + hop) % 90_001
            cause = made.send(
                source, target, sent, took=took, op=name, cause=cause, payload=payload
            )
            source = target
    middle = operations * 5 * MS
    made.fault("partition-1", "partition", "begin", middle)
    evidence = [f"alice:{operations - 9}", f"alice:{operations - 8}"]
    made.checks = [
        {"name": "linearizable", "verdict": "invalid", "detail": "", "evidence": evidence}
    ]
    return made.folder()


def sound(data):
    """Every reference of a page is a row of it."""
    events, strings = data["events"], len(data["strings"])
    sizes = {name: len(next(iter(data[name].values()))) for name in ("messages", "operations")}
    numbers = dict.fromkeys(events["number"])
    assert list(numbers) == sorted(numbers)
    for kind, ref, number, cause in zip(
        events["type"], events["ref"], events["number"], events["cause"], strict=True
    ):
        table = "messages" if kind <= DROP else "operations" if kind >= INVOKE else "strings"
        limit = len(data["faults"]) if kind == FAULT else {**sizes, "strings": strings}[table]
        assert 0 <= ref < limit
        assert not cause or number - cause in numbers
    assert all(-1 <= op < sizes["operations"] for op in data["messages"]["op"])
    assert all(0 <= row < sizes["operations"] for c in data["checks"] for row in c["evidence"])
    assert all(not m["e"] or m["e"] in numbers for m in data["moments"])
    whole = {kind: {r for k, r in zip(events["type"], events["ref"], strict=True) if k == kind}
             for kind in (SEND, ARRIVE)}  # fmt: skip
    assert whole[SEND] == whole[ARRIVE], "no message without its other end"
    assert whole[SEND] == set(range(sizes["messages"])), "and no row that nothing is about"
    return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return long_run(tmp_path_factory.mktemp("long") / "run", 800)


def test_a_short_run_is_whole(folder):
    data = read_page(folder)
    assert sound(data)
    assert len(data["events"]["t"]) == 800 * 10 + 5
    assert data["header"]["left_out"] == []


def test_beyond_the_cap_it_keeps_what_surrounds_trouble_and_a_sample(folder):
    data = read_page(folder, Slice(most=2000))
    assert sound(data)
    events = data["events"]
    assert 1500 < len(events["t"]) <= 2100
    fault = events["type"].index(FAULT)
    around = events["number"][fault - 50 : fault + 50]
    assert around[-1] - around[0] == 99, "what surrounds a fault is whole"
    names = [data["strings"][n] for n in data["operations"]["name"]]
    assert [names[row] for row in data["checks"][0]["evidence"]] == ["alice:791", "alice:792"]
    early = [t for t in events["t"] if t < 2 * S]
    assert len(early) > 100
    tenths = [sum(t // (200 * MS) == n for t in early) for n in range(10)]
    assert min(tenths) > max(tenths) / 2, "the sample is even"


def test_figures_are_of_everything_whatever_is_shown(folder):
    whole, cut = read_page(folder), read_page(folder, Slice(most=500))
    assert whole["figures"] == cut["figures"]
    assert whole["network"] == cut["network"]


def test_what_was_left_out_is_said_with_how_to_get_it(folder):
    (sentence,) = read_page(folder, Slice(most=2000))["header"]["left_out"]
    assert "of 8,005 events are shown" in sentence
    assert "minicloud report abababab --from 10 --to 20" in sentence
    assert "minicloud report abababab --all" in sentence


def test_a_slice_has_what_was_there_in_it(folder):
    # It ends while a message of alice's 300th write is under way.
    data = read_page(folder, Slice(begin_ns=2 * S, end_ns=3 * S + 1_700_000))
    assert sound(data)
    names = [data["strings"][n] for n in data["operations"]["name"]]
    assert names[:2] == ["alice:200", "alice:201"]
    assert "alice:300" in names
    assert "alice:301" not in names
    assert names[-1] == "alice:792", "the evidence is there in any case"
    assert "from 2 s to 3.0017 s" in data["header"]["left_out"][0]


def test_an_operation_that_lasts_throughout_a_slice_is_in_it(tmp_path):
    made = Made(tmp_path / "run")
    made.boot("alice")
    made.op("alice", 1 * S, 9 * S)
    made.op("bob", 1 * S, None)
    made.op("carol", 1 * S, 2 * S)
    data = read_page(made.folder(), Slice(begin_ns=4 * S, end_ns=5 * S))
    assert [data["lanes"][row]["name"] for row in data["operations"]["lane"]] == ["alice", "bob"]


def test_a_cause_that_was_left_out_gives_way_to_its_own(folder):
    whole, cut = read_page(folder), read_page(folder, Slice(most=1000))
    distances = zip(whole["events"]["number"], whole["events"]["cause"], strict=True)
    causes = {number: number - distance if distance else 0 for number, distance in distances}
    shown = dict.fromkeys(cut["events"]["number"])
    climbed = 0
    for number, distance in zip(shown, cut["events"]["cause"], strict=True):
        nearest = causes[number]
        while nearest and nearest not in shown:
            nearest = causes[nearest]
            climbed += 1
        assert (number - distance if distance else 0) == nearest
    assert climbed > 10


def test_bodies_go_first_where_a_page_is_too_big(folder, monkeypatch):
    limit = len(page_of(folder)) - 5_000
    monkeypatch.setattr("minicloud.report.page.building._MOST_BYTES", limit)
    data = read_page(folder)
    assert sound(data)
    assert len(data["events"]["t"]) == 8005
    assert any("The contents of messages are" in line for line in data["header"]["left_out"])
    whole = read_page(folder, Slice(most=0))
    assert whole["header"]["left_out"] == [], "what was asked for whole is whole"


def test_states_are_thinned_and_the_last_of_a_while_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("minicloud.report.page.cutting._MOST_STATES", 100)
    made = Made(tmp_path / "run")
    made.boot("kv-r1")
    for number in range(1000):
        made.show("kv-r1", number * 10 * MS, length=number)
    data = read_page(made.folder())
    values = [int(data["strings"][n]) for n in data["states"]["value"]]
    assert len(values) == 100
    assert values[-1] == 999
    assert "changes of what nodes show" in data["header"]["left_out"][0]


@pytest.mark.slow
def test_a_hundred_thousand_events_are_two_megabytes_at_most(tmp_path):
    folder = long_run(tmp_path / "run", 10_000)
    page = page_of(folder)
    data = read_page(folder)
    assert len(data["events"]["t"]) >= 99_000
    assert len(page) <= 2_000_000
