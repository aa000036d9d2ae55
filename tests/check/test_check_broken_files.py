"""Files that are cut off, malformed or contradictory: what is wrong is told with its line."""

import pytest
from samples import EDN, EDN_LINES, JSONL, LOG, E, I, L

from minicloud.check import History
from minicloud.errors import FileError

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
