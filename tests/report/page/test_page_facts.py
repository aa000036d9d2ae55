"""What is read from a run folder: messages, their fates and causes, faults, gaps, states, lanes."""

import pytest
from handmade import MS, Made, S, read_page

from minicloud.errors import FileError
from minicloud.report.causality import Events
from minicloud.report.causality.chain import cause
from minicloud.report.page.facts.events import ARRIVE, DISK, DROP, SEND


@pytest.fixture
def made(tmp_path):
    made = Made(tmp_path / "run")
    made.boot("kv-r1", "kv-r2", "alice")
    return made


def texts(data, table, column):
    return [None if n < 0 else data["strings"][n] for n in data[table][column]]


def names(data, rows):
    return [data["lanes"][row]["name"] if row >= 0 else None for row in rows]


def test_a_message_has_its_fate_and_the_time_it_took(made):
    made.send("alice", "kv-r1", 1 * S, took=3 * MS)
    made.send("alice", "kv-r2", 2 * S, took=0, fate="cut by partition-1")
    made.send("alice", "kv-r2/admin", 3 * S, took=None)
    made.send("kv-r1", "nobody", 4 * S, took=MS, fate="no such address")
    made.send("kv-r1", "kv-r2", 5 * S, took=5 * S, fate="under way at the end")
    data = read_page(made.folder())
    messages = data["messages"]
    assert texts(data, "messages", "fate") == [
        "delivered",
        "cut by partition-1",
        "under way at the end",
        "no such address",
        "under way at the end",
    ]
    assert messages["took"] == [3 * MS, 0, -1, MS, -1]
    assert messages["sent"] == [1 * S, 2 * S, 3 * S, 4 * S, 5 * S]
    assert names(data, messages["from"]) == ["alice"] * 3 + ["kv-r1"] * 2
    assert names(data, messages["to"]) == ["kv-r1", "kv-r2", "kv-r2", None, "kv-r2"]
    assert texts(data, "messages", "address")[2] == "kv-r2/admin"
    assert texts(data, "messages", "sender")[0] == "alice.1"
    assert messages["no"] == [1, 2, 3, 1, 2]


def test_an_arrival_is_seen_where_it_went_and_a_drop_where_it_came_from(made):
    made.send("alice", "kv-r1", 1 * S)
    made.send("alice", "kv-r2", 2 * S, fate="lost by the link")
    data = read_page(made.folder())
    events = data["events"]
    found = {
        kind: names(data, [events["lane"][events["type"].index(kind)]])
        for kind in (SEND, ARRIVE, DROP)
    }
    assert found == {SEND: ["alice"], ARRIVE: ["kv-r1"], DROP: ["alice"]}
    arrival = events["type"].index(ARRIVE)
    assert events["ref"][arrival] == 0
    assert events["cause"][arrival] == 1, "the event before it, which sent it"


def test_a_copy_is_a_message_of_its_own_whichever_comes_first(made):
    early = made.send("alice", "kv-r1", 1 * S, took=None)
    made.fate(early, 1 * S + 2 * MS, "copy: delivered", "kv-r1")
    made.fate(early, 1 * S + 5 * MS, "delivered", "kv-r1")
    data = read_page(made.folder())
    assert data["messages"]["copy"] == [0, 1]
    assert data["messages"]["took"] == [5 * MS, 2 * MS]
    assert data["messages"]["no"] == [1, 1]
    assert data["network"][0]["sent"] == 1
    assert data["network"][0]["fates"] == {"copy: delivered": 1, "delivered": 1}


def test_a_fault_names_its_hosts_and_its_sides(made):
    groups = "groups=(('kv-*',), ('alice',))"
    made.fault("partition-1", "partition", "begin", 1 * S, groups)
    made.fault("partition-1", "partition", "end", 2 * S, groups)
    made.fault("loss-1", "loss", "begin", 3 * S, "probability=0.1;source=('*',);target=None")
    made.fault("kv-r1", "clock-step", "begin", 4 * S, "hosts=('kv-r1',);by=3.0")
    data = read_page(made.folder())
    cut, loss, step = data["faults"]
    assert (cut["begin"], cut["end"]) == (1 * S, 2 * S)
    assert [names(data, side) for side in cut["groups"]] == [["kv-r1", "kv-r2"], ["alice"]]
    assert sorted(names(data, cut["hosts"])) == ["alice", "kv-r1", "kv-r2"]
    assert (loss["end"], loss["hosts"], loss["detail"]) == (None, [], "probability 0.1")
    assert (step["begin"], step["end"]) == (4 * S, 4 * S), "it is over as soon as it has come"


def test_the_same_fault_on_a_machine_may_lie_twice(made):
    for phase, second in (("begin", 1), ("begin", 2), ("end", 3), ("end", 4)):
        made.fault("kv-r1", "slow", phase, second * S, "hosts=('kv-r1',)")
    spans = [(f["begin"], f["end"]) for f in read_page(made.folder())["faults"]]
    assert spans == [(1 * S, 4 * S), (2 * S, 3 * S)]


def test_a_power_cut_ends_a_pause_and_lasts_until_the_next_boot(made):
    made.fault("kv-r1", "pause", "begin", 1 * S)
    made.crash("kv-r1", 2 * S)
    made.boot("kv-r1", time=3 * S, number=2)
    made.crash("kv-r2", 4 * S)
    data = read_page(made.folder())
    gaps = [(g["kind"], g["begin"], g["end"]) for g in data["gaps"]]
    assert gaps == [("paused", 1 * S, 2 * S), ("down", 2 * S, 3 * S), ("down", 4 * S, None)]
    assert data["faults"][0]["end"] == 2 * S


def test_only_changes_of_a_state_are_kept_and_a_power_cut_ends_them(made):
    made.show("kv-r1", 1 * S, role="follower", term="1")
    made.show("kv-r1", 2 * S, role="leader", term="1")
    made.crash("kv-r1", 3 * S)
    data = read_page(made.folder())
    keys, values = texts(data, "states", "key"), texts(data, "states", "value")
    rows = list(zip(data["states"]["t"], keys, values, strict=True))
    assert rows == [
        (1 * S, "role", "follower"),
        (1 * S, "term", "1"),
        (2 * S, "role", "leader"),
        (3 * S, "role", None),
        (3 * S, "term", None),
    ]


def test_lanes_stand_by_service_with_its_clients_first(tmp_path):
    made = Made(tmp_path / "run")
    made.boot("kv-r1", "till", "kv-r2", "bob", "carol")
    made.op("carol", 1 * S, 2 * S, service="kv")
    made.op("scenario", 1 * S, 2 * S, service=None)
    data = read_page(made.folder())
    lanes = [(lane["name"], lane["kind"], lane["service"]) for lane in data["lanes"]]
    assert lanes == [
        ("carol", "client", "kv"),
        ("kv-r1", "node", "kv"),
        ("kv-r2", "node", "kv"),
        ("scenario", "client", None),
        ("till", "node", None),
        ("bob", "node", None),
    ]


def test_an_operation_keeps_what_was_asked_and_what_was_said(made):
    made.op("alice", 1 * S, 2 * S, "ok", f="read", value=None, result=5)
    made.op("alice", 3 * S, 4 * S, "info", value=7, error="OutcomeUnknown")
    made.op("alice", 5 * S, None, f="read", value=None)
    made.op("alice", 6 * S, 7 * S, "ok", f="read", value=None, result=None)
    data = read_page(made.folder())
    assert data["operations"]["outcome"] == [0, 2, 2, 0]
    assert data["operations"]["took"] == [1 * S, 1 * S, -1, 1 * S]
    assert texts(data, "operations", "asked") == [None, "7", None, None]
    assert texts(data, "operations", "result") == ["5", None, None, "nil"]
    assert texts(data, "operations", "error") == [None, "OutcomeUnknown", None, None]


def busy(made):
    """Something of everything that has a cause."""
    made.op("alice", 1 * S, 3 * S, name="alice:1")
    first = made.send("alice", "kv-r1", 1 * S + MS, op="alice:1", took=None)
    made.fate(first, 1 * S + 2 * MS, "delivered", "kv-r1")
    made.add("disk", 1 * S + 2 * MS, incarnation="kv-r1.1", op="append", file="log", size=9)
    made.send("kv-r1", "kv-r2", 1 * S + 3 * MS, cause=first, op="alice:1", took=0, fate="cut")
    made.send("kv-r1", "kv-r2", 1 * S + 5 * MS, op="alice:1")
    made.add("timer", 2 * S, id="kv-r2.1:t1", name="beat")
    made.send("kv-r2", "alice", 2 * S, cause="kv-r2.1:t1", op="alice:1")
    return made.folder()


def test_causes_are_those_that_the_command_line_names(made):
    folder = busy(made)
    facts = made.facts()
    events = Events(folder.trace())
    named = [cause(events, event) for event in events.all]
    assert facts.events.causes == [0 if c is None else c.number for c in named]
    disk = facts.events.types.index(DISK)
    assert facts.events.types[facts.events.causes[disk] - 1] == ARRIVE
    resent = [n for n, kind in enumerate(facts.events.types) if kind == SEND][2]
    led = facts.events.causes[resent]
    assert facts.events.types[led - 1] == ARRIVE, "not the drop, of which nobody heard"


def test_a_damaged_folder_is_one_sentence(made):
    folder = made.folder()
    trace = folder.path / "trace.jsonl.gz"
    trace.write_bytes(trace.read_bytes()[:-20])
    with pytest.raises(FileError, match=r"trace\.jsonl\.gz cannot be read"):
        read_page(folder)
    made.add("send", 5 * S, id="kv-r1.1:1")
    with pytest.raises(FileError, match=r"trace\.jsonl\.gz is damaged"):
        read_page(made.folder())
    (folder.path / "history.jsonl").write_text('{"index": 0}\n')
    with pytest.raises(FileError, match=r"history\.jsonl cannot be read"):
        read_page(folder)
