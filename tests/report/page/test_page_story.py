"""The story of a run: its moments in order, each with what was and what is."""

import pytest
from handmade import MS, Made, S, read_page


@pytest.fixture
def made(tmp_path):
    made = Made(tmp_path / "run")
    made.boot("kv-r1", "kv-r2", "alice")
    return made


def told(made, *kinds):
    moments = read_page(made.folder())["moments"]
    return [(m["t"] / S, m["text"]) for m in moments if m["kind"] in kinds]


def test_faults_power_cuts_and_notes_by_time(made):
    made.fault("partition-1", "partition", "begin", 1 * S, "groups=(('kv-r1',), ('kv-r2',))")
    made.add("note", 1 * S, text="the wire is cut")
    made.crash("kv-r1", 2 * S)
    made.boot("kv-r1", time=3 * S, number=2)
    made.fault("kv-r2", "pause", "begin", 4 * S)
    made.fault("kv-r2", "pause", "end", 5 * S)
    made.fault("partition-1", "partition", "end", 6 * S)
    data = read_page(made.folder())
    assert [(m["t"] // S, m["kind"], m["text"]) for m in data["moments"]] == [
        (1, "fault", "partition-1 begins"),
        (1, "note", "the wire is cut"),
        (2, "crash", "kv-r1 loses power (lose-unsynced)"),
        (3, "boot", "kv-r1 boots again, as kv-r1.2"),
        (4, "pause", "kv-r2: pause begins"),
        (5, "heal", "kv-r2: pause is over"),
        (6, "heal", "partition-1 is over"),
        (10, "end", "the run ends: VALID"),
    ]
    crash = data["moments"][2]
    assert (crash["was"], crash["now"]) == ("up", "down")
    assert data["lanes"][crash["lane"]]["name"] == "kv-r1"
    numbers = [m["e"] for m in data["moments"]]
    assert numbers == [4, 0, 5, 6, 7, 8, 9, 0], "jump links lead to events"


def test_an_election_is_one_moment_with_was_and_now(made):
    made.show("kv-r1", 1 * S, role="follower", term=1)
    made.show("kv-r1", 2 * S, role="candidate", term=2)
    made.show("kv-r1", 3 * S, role="leader")
    data = read_page(made.folder())
    states = [m for m in data["moments"] if m["kind"] == "state"]
    assert [(m["t"] // S, m["text"], m["was"], m["now"]) for m in states] == [
        (
            2,
            "kv-r1: role follower → candidate, term 1 → 2",
            "role=follower term=1",
            "role=candidate term=2",
        ),
        (3, "kv-r1: role candidate → leader", "role=candidate", "role=leader"),
    ]


def test_whoever_begins_as_leader_is_told(made):
    made.show("kv-r1", 1 * S, role="leader")
    made.show("kv-r2", 1 * S, role="follower")
    assert told(made, "state") == [(1, "kv-r1: role leader")]


def test_after_a_power_cut_it_is_told_what_was_before(made):
    made.show("kv-r1", 1 * S, role="leader")
    made.crash("kv-r1", 2 * S)
    made.boot("kv-r1", time=3 * S, number=2)
    made.add("state", 3 * S, incarnation="kv-r1.2", state={"role": "follower"})
    assert told(made, "state")[1:] == [(3, "kv-r1: role leader → follower")]


def test_what_changes_all_the_time_is_no_story(made):
    for number in range(100):
        made.show("kv-r1", number * 50 * MS, length=number, term=number // 50)
    assert told(made, "state") == [(2.5, "kv-r1: term 0 → 1")]


def test_a_violation_is_told_when_its_evidence_is_complete(made):
    first = made.op("alice", 1 * S, 2 * S, value=1)
    second = made.op("alice", 3 * S, 4 * S, f="read", value=None, result=0)
    made.op("alice", 5 * S, 6 * S)
    made.checks = [
        {
            "name": "linearizable",
            "verdict": "invalid",
            "detail": "it read 0",
            "evidence": [first, second],
        },
        {"name": "no-overdraft", "verdict": "invalid", "detail": "broken", "at": 5 * S},
        {"name": "holds", "verdict": "valid", "detail": ""},
    ]
    made.result["verdict"] = "invalid"
    data = read_page(made.folder())
    found = [
        (m["t"] // S, m["text"], m["e"] > 0) for m in data["moments"] if m["kind"] == "violation"
    ]
    assert found == [(4, "linearizable: it read 0", True), (5, "no-overdraft: broken", False)]
    assert data["checks"][0]["evidence"] == [0, 1]
    assert data["header"]["reason"] == "linearizable: it read 0; and 1 more"


def test_evidence_may_name_places_in_the_history_and_cycles_are_rows(made):
    made.op("alice", 1 * S, 2 * S)
    made.op("bob", 3 * S, 4 * S)
    edge = {"before": 0, "after": "bob:1", "kind": "ww", "why": "it wrote later"}
    made.checks = [
        {
            "name": "cycles",
            "verdict": "invalid",
            "detail": "a cycle",
            "evidence": [2],
            "cycle": [edge],
        }
    ]
    (check,) = read_page(made.folder())["checks"]
    assert check["evidence"] == [1]
    assert check["cycle"] == [{"before": 0, "after": 1, "kind": "ww", "why": "it wrote later"}]


def test_recovery_is_the_first_ok_after_an_outage(made):
    for at in range(0, 3000, 100):
        made.op("alice", at * MS, at * MS + MS)
    made.op("alice", 3 * S, 4 * S, "info")
    made.op("alice", 5 * S, 5 * S + MS)
    assert told(made, "recovery") == [(5.001, "kv answers again")]


def test_a_long_story_is_cut_and_keeps_its_faults(made):
    for number in range(900):
        made.show("kv-r1", number * 10 * MS, role=("leader", "follower")[number % 2])
    for number in range(30):
        made.fault(f"loss-{number}", "loss", "begin", number * 300 * MS)
    moments = read_page(made.folder())["moments"]
    assert len(moments) <= 401
    assert sum(m["kind"] == "fault" for m in moments) == 30
    times = [m["t"] for m in moments if m["kind"] == "state"]
    assert times[0] < S < 8 * S < times[-1]


def test_a_run_that_failed_says_so(made):
    made.result |= {"verdict": None, "error": "lesson.py:3: ValueError: no"}
    data = read_page(made.folder())
    assert data["header"]["verdict"] is None
    assert data["header"]["reason"] == "lesson.py:3: ValueError: no"
    assert data["moments"][-1]["text"] == "the run ends: FAILED"
