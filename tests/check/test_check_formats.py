"""Files: each format is read and told from its text, and what is wrong is told with its line."""

import pytest
from samples import EDN, EDN_LINES, JSONL, LOG, L

from minicloud.check import FORMATS, History
from minicloud.errors import FileError, UsageError


def operations(path, name=None):
    return [
        (op.f, op.argument, op.outcome, op.result) for op in History.read(path, name).operations()
    ]


WRITTEN = [("write", 1, "ok", 1), ("read", None, "info", None)]
APPENDED = [("append", "x 0 0 y", "ok", "x 0 0 y"), ("get", None, "info", None)]
LOGGED = [("write", 1, "ok", 1), ("cas", [3, 0], "info", None), ("read", None, "info", None)]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (JSONL, "jsonl", WRITTEN),
        (EDN, "edn", WRITTEN),
        (EDN_LINES, "edn", APPENDED),
        (EDN_LINES, "kv-log", APPENDED),
        (LOG, "jepsen-log", LOGGED),
        (LOG.replace("\n", "\r\n"), "jepsen-log", LOGGED),
        (JSONL.replace("\n", "\r\n"), "jsonl", WRITTEN),
        ("\ufeff" + JSONL, "jsonl", WRITTEN),
        (JSONL.rstrip("\n"), "jsonl", WRITTEN),
        (LOG.rstrip("\n"), "jepsen-log", LOGGED),
    ],
)
def test_a_format_is_read_named_or_guessed(file, text, name, expected):
    assert operations(file(text), name) == expected
    assert operations(file(text)) == expected


def test_the_line_of_an_operation_is_known(file):
    history = History.read(file(EDN))
    assert history.source.lines == [2, 4, 6]
    assert history.source.where(1) == "h:4"


def test_without_times_the_lines_stand_for_them(file):
    history = History.read(file(LOG))
    assert not history.source.timed
    assert [event.time for event in history] == [3, 5, 7, 8, 9]


def test_edn_times_are_nanoseconds(file):
    history = History.read(
        file("{:process 0 :type :invoke :f :read :value nil :time 5}\n"
             "{:process 0 :type :ok :f :read :value 3 :time 7}\n")
    )  # fmt: skip
    assert history.source.timed
    assert (history.operations()[0].start_ns, history.operations()[0].end_ns) == (5, 7)


def test_two_threads_that_race_for_a_line_of_edn_are_no_contradiction(file):
    """The order of lines is the order of events; times may disagree by a race, not by more."""
    lines = "{{:process {} :type :invoke :f :read :value nil :time {}}}\n"
    history = History.read(file(lines.format(0, 2_000_000) + lines.format(1, 1_000_000)))
    assert [event.time for event in history] == [2_000_000, 2_000_000]
    with pytest.raises(FileError, match=r"^h:2: time goes back"):
        History.read(file(lines.format(0, 2_000_000_000) + lines.format(1, 1_000_000)))


def test_the_value_of_a_failure_is_nobodys_business(file):
    """Clients put whatever an exception said there."""
    text = (
        L % (0, "invoke", "read", "nil")
        + L % (0, "fail", "read", "#<Timeout: [no answer>")
        + L % (0, "invoke", "read", "nil")
    )
    assert [op.outcome for op in History.read(file(text)).operations()] == ["fail", "info"]


def test_a_key_value_log_has_keys(file):
    with pytest.raises(
        FileError, match=r"^h:1: this event has no :key; a key-value log has one in each"
    ):
        History.read(file("{:process 0, :type :invoke, :f :get, :value nil}"), "kv-log")


def test_a_put_may_answer_something_in_our_own_format(file):
    """A store may answer a version; only Jepsen's files repeat the argument of a put."""
    text = (
        '{"index": 0, "time": 1, "process": 0, "type": "invoke", "f": "put", "value": "a"}\n'
        '{"index": 1, "time": 2, "process": 0, "type": "ok", "f": "put", "value": 7}\n'
    )
    assert operations(file(text)) == [("put", "a", "ok", 7)]


@pytest.mark.parametrize(
    ("name", "sentence"), [("gone", "h/gone: there is no such file"), ("", "this is a folder")]
)
def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch, name, sentence):
    (tmp_path / "h").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=sentence):
        History.read(f"h/{name}")


def test_an_unknown_format_has_a_near_miss(file):
    with pytest.raises(
        UsageError, match=r"there is no history format 'json'; did you mean jsonl\? Formats: "
    ):
        History.read(file(JSONL), "json")
    assert list(FORMATS) == ["jsonl", "edn", "jepsen-log", "kv-log"]


def test_a_named_format_is_believed(file):
    with pytest.raises(FileError, match=r"^h:1: "):
        History.read(file(JSONL), "edn")
