"""The trace: blocks on disk, a digest that does not depend on them, and reading them back."""

import msgspec
import pytest

from minicloud.errors import FileError
from minicloud.kernel.records import FIELDS, Kind, as_dict, raw_records, read_trace
from minicloud.kernel.trace import Trace


def send(n):
    payload = msgspec.msgpack.encode({"n": n})
    return (int(Kind.SEND), n, ("a.1", n), ("b.1", -3), "alice:1", "b", "kv.Put", 7, None, payload)


def write(path, count, *, flush_at=(), notes=()):
    trace = Trace(path)
    for n in range(count):
        trace.emit(send(n))
        if n in notes:
            trace.observe((int(Kind.NOTE), n, "seen"))
        if n in flush_at:
            trace._flush()
    trace.seal()
    trace.close()
    return trace.digest()


def test_the_digest_depends_on_every_record_and_on_nothing_else(tmp_path):
    digest = write(None, 500)
    assert write(tmp_path / "a", 500) == digest
    assert write(tmp_path / "b", 500, flush_at=(0, 1, 15, 16, 17, 499)) == digest
    assert write(tmp_path / "c", 500, notes=(0, 3, 499), flush_at=(2, 3)) == digest
    assert write(None, 499) != digest
    assert len(digest) == 32


@pytest.mark.parametrize("count", [1, 15, 16, 17, 70_000])
def test_blocks_of_every_size_give_one_digest(count, tmp_path):
    assert write(None, count) == write(None, count, flush_at=range(0, count, 7))


def test_what_was_written_is_read_back(tmp_path):
    write(tmp_path / "t", 300, notes=(5,), flush_at=(7, 99))
    records = list(raw_records(tmp_path / "t"))
    assert [r[1] for r in records if r[0] == Kind.SEND] == list(range(300))
    lines = list(read_trace(tmp_path / "t"))
    assert lines[0] == {"type": "header", "schema": 1}
    assert lines[1] == {
        "type": "send", "time": 0, "id": "a.1:0", "cause": "b.1:t3", "op": "alice:1",
        "destination": "b", "kind": "kv.Put", "call": 7, "remaining": None,
        "payload": {"n": 0}, "size": 4 + 32,
    }  # fmt: skip
    assert lines[7] == {"type": "note", "time": 5, "text": "seen"}


def test_every_kind_has_fields():
    assert set(FIELDS) == set(Kind)
    for kind, fields in FIELDS.items():
        record = (int(kind), 0, *(b"\x80" if f == "payload" else None for f in fields))
        assert as_dict(record)["type"] == kind.name.lower()


@pytest.mark.parametrize("cut", [1, 3, 5, 40])
def test_a_trace_that_is_cut_off_is_named(tmp_path, cut):
    write(tmp_path / "t", 10)
    data = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(data[:-cut] if cut > 3 else data[:cut])
    with pytest.raises(FileError, match="cut off"):
        list(raw_records(tmp_path / "t"))


def test_a_file_that_is_no_trace_is_named(tmp_path):
    (tmp_path / "t").write_bytes(b"\x04\x00\x00\x00abcd")
    with pytest.raises(FileError, match="no trace"):
        list(raw_records(tmp_path / "t"))


def test_after_the_seal_nothing_counts():
    trace = Trace()
    trace.emit(send(1))
    trace.seal()
    digest = trace.digest()
    trace.emit(send(2))
    assert trace.digest() == digest
