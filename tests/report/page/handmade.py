"""Run folders written by hand, so that what a page says of them is known beforehand."""

import base64
import gzip
import json
import re

from minicloud.report.page import page_of
from minicloud.report.page.facts import facts_of
from minicloud.scenario.folder import RunFolder, write_toml

MS = 1_000_000
S = 1_000_000_000


class Made:
    """A folder to be: records of a trace, lines of a history, checks, what else was said."""

    def __init__(self, path, **about):
        self.path, self.records, self.history, self.checks = path, [], [], []
        self.about = {"target": "made", "scenario": "made", "seed": 7, "digest": "ab" * 16} | about
        self.result = {"scenario": "made", "verdict": "valid", "virtual_s": 10.0}
        self.params = {"n": 3}
        self._sent, self._asked = {}, {}

    def add(self, sort, time, /, **fields):
        self.records.append({"type": sort, "time": time, **fields})

    def boot(self, *names, time=0, number=1):
        for name in names:
            self.add("boot", time, incarnation=f"{name}.{number}", zone="")

    def crash(self, name, time):
        self.add("crash", time, incarnation=f"{name}.1", reason="lose-unsynced")

    def send(self, source, target, time, *, took=MS, fate="delivered", cause=None, op=None, **more):
        """A message from one host to another; gives its id. took=None: no fate is recorded yet."""
        sender = source if "." in source else f"{source}.1"
        number = self._sent[sender] = self._sent.get(sender, 0) + 1
        identity = f"{sender}:{number}"
        fields = {"kind": "kv.Put", "call": 1, "remaining": None, "payload": {"n": number}} | more
        self.add(
            "send", time, id=identity, cause=cause, op=op, destination=target, size=40, **fields
        )
        if took is not None:
            self.fate(identity, time + took, fate, target)
        return identity

    def fate(self, identity, time, fate="delivered", target=None):
        there = f"{target}.1" if fate.endswith("delivered") else None
        self.add("fate", time, id=identity, fate=fate, incarnation=there)

    def fault(self, name, kind, phase, time, detail=""):
        self.add("fault", time, fault=name, phase=phase, kind=kind, detail=detail)

    def show(self, name, time, **state):
        self.add(
            "state", time, incarnation=f"{name}.1", state={k: str(v) for k, v in state.items()}
        )

    def op(self, client, start, end, outcome="ok", *, f="write", key="x", value=1, **more):
        """One operation, in history and trace; end None where it never returned."""
        process = 1000 + len(self.history)
        self._asked[client] = number = self._asked.get(client, 0) + 1
        name = more.pop("name", f"{client}:{number}")
        common = {
            "process": process,
            "f": f,
            "key": key,
            "op": name,
            "service": more.pop("service", "kv"),
        }
        result = more.pop("result", value)
        error = {"error": more.pop("error")} if "error" in more else {}
        self._event(start, "invoke", value, common | {"client": client} | more)
        if end is not None:
            self._event(end, outcome, result, common | error)
        return name

    def _event(self, time, sort, value, common):
        self.history.append({"time": time, "type": sort, "value": value, **common})

    def folder(self):
        """Write it. Events of the history come where they belong in the trace."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.history.sort(key=lambda e: e["time"])
        for index, event in enumerate(self.history):
            event["index"] = index
            known = {k: event[k] for k in ("process", "f", "key", "value", "op", "service")}
            self.add("operation", event["time"], index=index, event=event["type"], **known)
        records = sorted(self.records, key=lambda r: r["time"])
        lines = [json.dumps(r, separators=(",", ":")) for r in [{"type": "header"}, *records]]
        (self.path / "trace.jsonl.gz").write_bytes(
            gzip.compress("\n".join(lines).encode(), mtime=0)
        )
        history = "".join(json.dumps(event) + "\n" for event in self.history)
        (self.path / "history.jsonl").write_text(history)
        write_toml(self.path / "run.toml", "by hand", {"": self.about, "params": self.params})
        (self.path / "result.json").write_text(json.dumps(self.result | {"checks": self.checks}))
        return RunFolder(self.path)

    def facts(self):
        return facts_of(self.folder())


def unpacked(page, name="run"):
    """The data in a page, decoded as a browser does: delta columns are sums again."""
    found = re.search(
        rf'<script id="{name}" type="[^"]*">([A-Za-z0-9+/=]*)</script>', page.decode()
    )
    data = json.loads(gzip.decompress(base64.b64decode(found[1])))
    tables = ("events", "number"), ("events", "t"), ("messages", "sent")
    for table, column in (*tables, ("operations", "start"), ("states", "t")):
        total = 0
        values = data[table][column]
        for row, delta in enumerate(values):
            total += delta
            values[row] = total
    return data


def read_page(folder, wanted=None):
    return unpacked(page_of(folder, wanted))
