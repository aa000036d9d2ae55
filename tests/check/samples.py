"""The same two operations in every format, and how to write one line of each."""

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

# One line of each.
I = '{"index": %d, "time": %d, "process": %d, "type": "%s", "f": "%s", "value": %s}\n'  # noqa: E741
E = "{:process %d, :type :%s, :f :%s, :value %s}\n"
L = "INFO  jepsen.util - %d\t:%s\t:%s\t%s\n"
