"""A history as it is recorded, looked at and written."""

import json

import msgspec
import pytest
import worlds

from minicloud.check import Event, History, Operation
from minicloud.errors import UsageError


def pair(history, process, f, begin, end, outcome="ok", *, value=None, result=None, key=None):
    invocation = history.invoke(time=begin, process=process, f=f, key=key, value=value)
    history.complete(invocation, time=end, type=outcome, value=result)
    return invocation


def test_an_operation_is_an_invocation_and_what_became_of_it():
    history = History()
    first = history.invoke(
        time=1, process=0, f="write", key="x", value=1, op="bob:1", service="s", client="bob"
    )
    second = history.invoke(time=2, process=1, f="read", key="x")
    history.complete(second, time=3, type="ok", value=1)
    history.complete(first, time=4, type="ok")
    write, read = history.operations()
    assert write == Operation(
        process=0, f="write", argument=1, outcome="ok", start=0, start_ns=1, end=3, end_ns=4,
        key="x", result=1, op="bob:1", service="s", client="bob",
    )  # fmt: skip
    assert (read.start, read.end, read.result) == (1, 2, 1)
    assert (write.who, read.who) == ("bob", "process 1")


def test_fail_returns_and_info_does_not():
    history = History()
    pair(history, 0, "write", 1, 2, "fail", value=1)
    pair(history, 1, "write", 3, 4, "info", value=2)
    history.invoke(time=5, process=2, f="write", value=3)
    refused, unknown, open_ = history.operations()
    assert (refused.outcome, refused.end, refused.known) == ("fail", 1, False)
    assert (unknown.outcome, unknown.end, unknown.end_ns) == ("info", None, None)
    assert (open_.outcome, open_.end) == ("info", None)


def test_operations_follow_what_is_recorded_later():
    history = History()
    invocation = history.invoke(time=1, process=0, f="read")
    assert history.operations()[0].outcome == "info"
    history.complete(invocation, time=2, type="ok", value=5)
    assert history.operations()[0].result == 5


def test_the_argument_is_written_again_where_nothing_else_is_said():
    history = History()
    pair(history, 0, "write", 1, 2, value=7)
    pair(history, 0, "read", 3, 4)
    pair(history, 0, "transfer", 5, 6, value=[1, 2])
    pair(history, 0, "transfer", 7, 8, "fail", value=[1, 2])
    assert [event.value for event in history.events[1::2]] == [7, None, None, [1, 2]]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda h: h.invoke(time=9, process=0, f="read"),
            (
                "process 0 invokes read while its write is still open; "
                "a process does one thing at a time"
            ),
        ),
        (
            lambda h: h.invoke(time=9, process=2, f="read"),
            (
                "process 2 invokes read although its write ended in info; "
                "such a process is never used again"
            ),
        ),
        (
            lambda h: h.invoke(time=3, process=5, f="read"),
            (
                "read of process 5 is recorded at 3 ns, but the event before it at 4 ns; "
                "time does not go back"
            ),
        ),
        (
            lambda h: h.complete(7, time=9, type="ok"),
            "event 7 is no open invocation, so it cannot be completed",
        ),
        (
            lambda h: h.complete(1, time=9, type="ok"),
            "event 1 is no open invocation, so it cannot be completed",
        ),
        (
            lambda h: h.complete(0, time=9, type="maybe"),
            "an operation ends in ok, fail or info, not in 'maybe'",
        ),
        (
            lambda h: h.complete(0, time=9, type="ok", value=2),
            "process 0 completes write of 2, but what it had invoked is write of 1",
        ),
    ],
)
def test_what_no_run_can_have_produced_is_refused_and_not_recorded(act, sentence):
    history = History()
    history.invoke(time=1, process=0, f="write", value=1)
    unknown = history.invoke(time=2, process=2, f="write", value=2)
    history.complete(unknown, time=4, type="info")
    with pytest.raises(UsageError) as caught:
        act(history)
    assert str(caught.value) == f"history: {sentence}"
    assert len(history) == 3
    history.complete(0, time=9, type="ok")


def test_a_part_keeps_order_and_times_and_cannot_grow():
    history = worlds.history("register", 1, operations=40, clients=4, unknown=0.2)
    reads = history.select(lambda op: op.f == "read")
    assert reads.operations() == [op for op in history.operations() if op.f == "read"]
    assert [event for event in history if event in reads.events] == reads.events
    with pytest.raises(UsageError, match="cannot grow"):
        reads.invoke(time=10**12, process=900, f="read")


def test_by_key_takes_each_key_apart_in_order_of_appearance():
    history = History()
    for number, key in enumerate(["b", ["a", 1], "b", None]):
        pair(history, number, "write", number, number, value=number, key=key)
    parts = history.by_key()
    assert list(parts) == ["b", ("a", 1), None]
    assert [op.argument for op in parts["b"].operations()] == [0, 2]
    assert sum(len(part) for part in parts.values()) == len(history)


# --- the file


def test_a_line_is_in_the_vocabulary_that_tools_share(tmp_path):
    history = History()
    pair(history, 0, "write", 1_000_000, 2_000_000, value=1, key="x")
    pair(history, 0, "read", 3_000_000, 4_000_000, result=1)
    history.write_jsonl(tmp_path / "history.jsonl")
    lines = (tmp_path / "history.jsonl").read_text("utf-8").splitlines()
    assert lines[0] == (
        '{"index":0,"time":1000000,"process":0,"type":"invoke","f":"write","key":"x","value":1}'
    )
    assert json.loads(lines[2]) == {
        "index": 2, "time": 3000000, "process": 0, "type": "invoke", "f": "read", "value": None,
    }  # fmt: skip


@pytest.mark.parametrize("model", worlds.MODELS)
def test_written_and_read_again_it_is_the_same(model, tmp_path):
    history = worlds.history(model, 3, operations=60, clients=4, unknown=0.2)
    path = tmp_path / "history.jsonl"
    history.write_jsonl(path)
    again = History.read(path)
    assert again.events == history.events
    assert again.operations() == history.operations()
    before = path.read_bytes()
    again.write_jsonl(path)
    assert path.read_bytes() == before


def test_a_part_is_numbered_anew_when_written(tmp_path):
    history = worlds.history("register", 1, operations=20, clients=3)
    part = history.select(lambda op: op.f == "write")
    part.write_jsonl(tmp_path / "part.jsonl")
    again = History.read(tmp_path / "part.jsonl")
    assert [event.index for event in again] == list(range(len(part)))
    assert [op.argument for op in again.operations()] == [op.argument for op in part.operations()]


class Version(msgspec.Struct):
    number: int


def test_structs_and_bytes_can_be_written(tmp_path):
    history = History()
    pair(history, 0, "put", 1, 2, value=b"seven", result=Version(3))
    history.write_jsonl(tmp_path / "history.jsonl")
    assert History.read(tmp_path / "history.jsonl").operations()[0].result == {"number": 3}


def test_a_value_that_is_no_json_leaves_no_file_and_no_half_of_one(tmp_path):
    history = History()
    pair(history, 0, "write", 1, 2, value=1)
    pair(history, 0, "write", 3, 4, value=object())
    target = tmp_path / "history.jsonl"
    target.write_text("before")
    with pytest.raises(
        UsageError, match=r"event 2 \(write of process 0\) cannot be written as JSON"
    ):
        history.write_jsonl(target)
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]
    assert target.read_text() == "before"


def test_an_event_is_frozen():
    event = Event(index=0, time=0, process=0, type="invoke", f="read", value=None)
    with pytest.raises(AttributeError):
        event.time = 3
