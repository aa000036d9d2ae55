"""Files: each format is read and told from its text, and what is wrong is told with its line."""

import pytest

from minicloud.check import FORMATS, History
from minicloud.check.formats import EdnError, Keyword, Tagged, forms
from minicloud.errors import FileError, UsageError

JSONL = """\
{"index": 0, "time": 10, "process": 0, "type": "invoke", "f": "write", "key": "x", "value": 1}
{"index": 1, "time": 20, "process": "nemesis", "type": "info", "f": "cut", "value": ["n1"]}
{"index": 2, "time": 20, "process": 0, "type": "ok", "f": "write", "value": 1, "more": 5}
{"index": 3, "time": 30, "process": 1, "type": "invoke", "f": "read", "key": "x"}
"""
EDN = """\
; a comment
[{:process 0, :type :invoke, :f :write, :value 1}
 {:process :nemesis, :type :info, :f :start, :value "cut off #[:n1]"}
 #jepsen.history.Op{:process 0, :type :ok,
  :f :write, :value 1}
 {:process 1 :type :invoke :f :read :value nil}]
"""
EDN_LINES = """\
{:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}
{:process 0, :type :ok, :f :append, :key "0", :value "x 0 0 y"}
{:process 1, :type :invoke, :f :get, :key "0", :value nil}
"""
LOG = """\
INFO  jepsen.core - Running test:

INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
2015-01-02 10:00:00,123 [worker 3] INFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - 5 nodes are ready
INFO  jepsen.util - 1\t:invoke\t:cas\t[3 0]
INFO  jepsen.util - 1\t:info\t:cas\t:timed-out
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.core - done
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "h").write_bytes(text if isinstance(text, bytes) else text.encode())
        return "h"

    return write


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


I = '{"index": %d, "time": %d, "process": %d, "type": "%s", "f": "%s", "value": %s}\n'  # noqa: E741
E = "{:process %d, :type :%s, :f :%s, :value %s}\n"
L = "INFO  jepsen.util - %d\t:%s\t:%s\t%s\n"

# (text, where, what is said)
BROKEN = {
    "nothing": ("", 1, "the file is empty; a history has at least one operation"),
    "white space": (" \n\n", 1, "the file is empty; a history has at least one operation"),
    "prose": (
        "hello\nworld\n",
        1,
        "this is no history in a format known here (jsonl, edn, jepsen-log, kv-log)",
    ),
    "no utf-8": (b'{"index": 0}\n\xff\n', 2, "this is no UTF-8 text, so it is no history"),
    "log without operations": (LOG.split("\n", 1)[0] + "\n", 1, "this is no history in a format"),
    "edn without operations": ("[]", 1, "the file holds no operation; a history has at least one"),
    "only the nemesis": (
        "{:process :nemesis :type :info :f :start}\n",
        1,
        "the file holds no operation",
    ),
    # jsonl
    "json cut off": (
        I % (0, 1, 0, "invoke", "read", "null") + '{"index": 1, "ti',
        2,
        "the line is cut off",
    ),
    "json of another kind": (
        '{"index": 0}\n',
        1,
        "this is no event: Object missing required field `time`",
    ),
    "no json": (I % (0, 1, 0, "invoke", "read", "null") + "{index}\n", 2, "this is not JSON: "),
    "two objects in a line": (
        (I % (0, 1, 0, "invoke", "read", "null")).strip() * 2,
        1,
        "this is not JSON: ",
    ),
    "index wrong": (
        I % (0, 1, 0, "invoke", "read", "null") + I % (2, 2, 0, "ok", "read", "null"),
        2,
        "index is 2, but this is event 1 (they count from 0)",
    ),
    "time goes back": (
        I % (0, 5, 0, "invoke", "read", "null") + "\n" + I % (1, 4, 0, "ok", "read", "null"),
        3,
        "time goes back: 4 ns after 5 ns",
    ),
    "negative time": (
        I % (0, -5, 0, "invoke", "read", "null"),
        1,
        "time is -5; it counts nanoseconds",
    ),
    "unknown type": (
        I % (0, 5, 0, "begin", "read", "null"),
        1,
        "this is no event: Invalid enum value 'begin'",
    ),
    "a process with a name": (
        JSONL.replace('"process": 1', '"process": "bob"'),
        4,
        "process is 'bob'; a process is a number (or nemesis)",
    ),
    "completion of nothing": (
        I % (0, 5, 3, "ok", "read", "null"),
        1,
        "process 3 completes a read (ok) that it never invoked",
    ),
    "completed twice": (
        I % (0, 1, 0, "invoke", "read", "null")
        + I % (1, 2, 0, "ok", "read", "1")
        + I % (2, 3, 0, "ok", "read", "1"),
        3,
        "process 0 completes a read (ok) that it never invoked",
    ),
    "two at a time": (
        I % (0, 1, 0, "invoke", "read", "null") + I % (1, 2, 0, "invoke", "write", "1"),
        2,
        "process 0 invokes write while its read is still open; a process does one thing at a time",
    ),
    "completion of something else": (
        I % (0, 1, 0, "invoke", "read", "null") + I % (1, 2, 0, "ok", "write", "1"),
        2,
        "process 0 completes write, but what it had invoked is read",
    ),
    "completion of another key": (
        JSONL.replace('"value": 1, "more"', '"key": "y", "value": 1, "more"'),
        3,
        "process 0 completes write of key y, but what it had invoked is write of key x",
    ),
    "completion with another value": (
        I % (0, 1, 0, "invoke", "write", "1") + I % (1, 2, 0, "ok", "write", "2"),
        2,
        "process 0 completes write of 2, but what it had invoked is write of 1",
    ),
    "a retired process": (
        I % (0, 1, 0, "invoke", "write", "1")
        + I % (1, 2, 0, "info", "write", "1")
        + I % (2, 3, 0, "invoke", "read", "null"),
        3,
        (
            "process 0 invokes read although its write ended in info; such a process is never used "
            "again"
        ),
    ),
    # edn
    "vector cut off": (
        EDN.rstrip().rstrip("]"),
        6,
        "the text ends before the [ of line 2 is closed",
    ),
    "map cut off": (
        EDN_LINES + "{:process 0, :ty",
        4,
        "the text ends before the { of line 4 is closed",
    ),
    "string cut off": (
        EDN_LINES + '{:process 0, :type "inv',
        4,
        "a string begins here that does not end",
    ),
    "keyword cut off": (
        E % (0, "invoke", "read", "nil") + "{:process 0, :type :",
        2,
        "':' is no value",
    ),
    "closed wrongly": ("[{:process 0]}", 1, "] closes the { of line 1"),
    "something after the vector": (
        EDN + "{:process 0}",
        7,
        "'{' stands after the end of the vector",
    ),
    "half a pair": ("{:process 0 :type}\n", 1, "a map has 3 forms, so a key lacks its value"),
    "twice the same key": ("{:f :a :f :b}\n", 1, "a map has the same key twice"),
    "no map": ("[1 2]", 1, "1 is no event; write a map such as {:process 0, :type :invoke, …}"),
    "no type": ("{:process 0 :f :read}\n", 1, "this event has no :type"),
    "type of another world": (
        E % (0, "begin", "read", "nil"),
        1,
        ":type is :begin; it is one of :invoke, :ok, :fail, :info",
    ),
    "symbol": (E % (0, "invoke", "read", "ni"), 1, "'ni' is no value"),
    "edn index": (
        "{:index 4 :process 0 :type :invoke :f :read}\n{:index 4 :process 0 :type :ok :f :read}\n",
        2,
        "index is 4 after 4; it counts upwards",
    ),
    "edn time of another kind": (
        "{:time 1.5 :process 0 :type :invoke :f :read}\n",
        1,
        ":time is 1.5; it is a whole number",
    ),
    "times for some": (
        "{:time 1 :process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read}\n",
        2,
        "this event and the first one differ in having a time; give all or none",
    ),
    "edn put of another value": (
        E % (0, "invoke", "put", '"a"') + E % (0, "ok", "put", '"b"'),
        2,
        "process 0 completes put of 'b', but what it had invoked is put of 'a'",
    ),
    "edn contradiction in a vector": (
        "[" + E % (0, "invoke", "read", "nil") + "\n" + E % (1, "ok", "read", "nil") + "]",
        3,
        "process 1 completes a read (ok) that it never invoked",
    ),
    "deep": ("[" * 80, 1, "values are nested more than 64 deep"),
    # logs
    "log line cut off in its words": (
        L % (0, "invoke", "read", "nil") + "INFO  jepsen.util - 0\t:ok\t:re",
        2,
        "the line is cut off; ",
    ),
    "log line cut off before its words": (
        L % (0, "invoke", "read", "nil") + "INFO  jepsen.ut",
        2,
        "the line is cut off",
    ),
    "log line cut off after the process": (
        L % (0, "invoke", "read", "nil") + "INFO  jepsen.util - 1",
        2,
        "the line is cut off; ",
    ),
    "log value cut off": (
        L % (0, "invoke", "read", "nil") + "INFO  jepsen.util - 1\t:invoke\t:cas\t[3 ",
        2,
        "the value '[3' cannot be read",
    ),
    "log line of no operation": (
        L % (0, "begin", "read", "nil") + L % (0, "ok", "read", "nil"),
        1,
        "this is no operation; one reads: ",
    ),
    "log contradiction": (
        LOG + L % (1, "invoke", "read", "nil"),
        11,
        "process 1 invokes read although its cas ended in info",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_told_with_its_line(file, name):
    text, line, sentence = BROKEN[name]
    with pytest.raises(FileError) as caught:
        History.read(file(text))
    assert str(caught.value).startswith(f"h:{line}: {sentence}")
    assert "\n" not in str(caught.value)


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
        History.read(file(E % (0, "invoke", "get", "nil")), "kv-log")


def test_a_put_may_answer_something_in_our_own_format(file):
    """A store may answer a version; only Jepsen's files repeat the argument of a put."""
    text = I % (0, 1, 0, "invoke", "put", '"a"') + I % (1, 2, 0, "ok", "put", "7")
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


# --- the notation


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("7N", 7),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("3.0M", 3.0),
        (":a/b", Keyword("a/b")),
        ('"a\\n\\"b\\u0041"', 'a\n"bA'),
        ("\\a", "a"),
        ("\\newline", "\n"),
        ("\\u0041", "A"),
        ("#{1 2}", (1, 2)),
        ("#[:n3 :n4]", (Keyword("n3"), Keyword("n4"))),
        ("{:a [1 (2)], 3 #{}}", {Keyword("a"): [1, [2]], 3: ()}),
        ('#inst "2015"', Tagged("inst", "2015")),
        ("#a.B{:c 1}", {Keyword("c"): 1}),
        ("#_ :ignored 5", 5),
    ],
)
def test_edn_values(text, value):
    [(line, read)] = forms(text + " ; comment")
    assert (line, read) == (1, value)
    assert type(read) is type(value)


def test_edn_knows_lines():
    assert list(forms("[1\n\n 2 #_ 3\n {:a\n 4}]\n")) == [(1, 1), (3, 2), (4, {Keyword("a"): 4})]


@pytest.mark.parametrize(
    "text", ["{1}", "]", '"a', "#{[1 {2 3}]}", '"\\q"', "\\", "1/2", "+", "[1 2", "#tag"]
)
def test_edn_that_is_none(text):
    with pytest.raises(EdnError):
        list(forms(text))


def test_keywords_are_no_strings():
    assert Keyword("a") != "a"
    assert str(Keyword("a")) == ":a"
