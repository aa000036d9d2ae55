"""Recordings to export: of every lesson, and one made by hand in which every name is hostile."""

import functools
import tempfile
from pathlib import Path

from minicloud.check.event import Event
from minicloud.cli.pictures.export import read
from minicloud.report.exports import Recording
from minicloud.scenario.folder import RunFolder
from minicloud.scenario.loading import load
from minicloud.scenario.running import keep

LESSONS = Path(__file__).resolve().parents[3] / "scenarios"
RUNS = tempfile.TemporaryDirectory(prefix="exports-")

NASTY = [
    "</script><img src=x onerror=alert(1)>",
    "two\nlines\r\nand\ttabs \x00\x1b[31m",
    'quo"tation \\ back\\slash {"a": 1} # ; : %%{init}%% | `tick` $x$',
    "=== label ===",
    "名前 é 🙂 \u2028 \ufeff",
    "end",
    "wrap: style x:#y; classDef z:#w;",
    "constructor",
    "__proto__",
    " ",
]
# A host's name is the part of an id before the colon.
HOSTS = [text.replace(":", "") for text in NASTY]


@functools.cache
def every_case():
    """A scenario's file and a variant's name: of every lesson the first, and one that breaks."""
    for file in sorted(LESSONS.glob("*.py")):
        variants = load(file).variants
        wrong = [name for name, variant in variants.items() if variant.checks]
        for variant in dict.fromkeys([*list(variants)[:1], *wrong[:1]]):
            yield file.stem, variant


@functools.cache
def folder(name, variant):
    """The run folder of a lesson, made once."""
    file = LESSONS / f"{name}.py"
    scenario = load(file)
    case = scenario.case(variant, {}, seed=0)
    kept = keep(scenario, case, Path(RUNS.name), file=file, target=name)
    return RunFolder(Path(kept.result.run))


@functools.cache
def recorded(name, variant):
    return read(folder(name, variant))


@functools.cache
def hostile():
    """A short run in which hosts, keys, values, kinds, notes and faults are the texts above."""
    records, history, ns = [{"type": "header", "schema": 1}], [], 0
    for host in HOSTS:
        records.append({"type": "boot", "time": 0, "incarnation": f"{host}.1", "zone": ""})
    for n, text in enumerate(NASTY):
        ns += 1_000_000
        client, server = f"{HOSTS[n]}.1", f"{HOSTS[n - 1]}.1"
        op, value = f"{HOSTS[n]}:1", {"text": text, "n": [n, None, True, 1.5, -(2**70)]}
        begun = {"index": len(history), "time": ns, "process": n, "f": text, "key": text}
        history.append(Event(**begun, type="invoke", value=value, op=op, client=HOSTS[n]))
        records.append(
            {"type": "operation", **begun, "event": "invoke", "value": value, "op": op}
            | {"service": text}
        )
        common = {"op": op, "kind": text, "call": 1, "size": 40 + n}
        records += [
            {"type": "note", "time": ns, "text": text},
            {"type": "state", "time": ns, "incarnation": client, "state": {text: "7"}},
            {"type": "fault", "time": ns, "fault": text, "phase": "begin", "kind": text}
            | {"detail": text},
            {"type": "send", "time": ns, "id": f"{client}:1", "cause": None, **common}
            | {"destination": HOSTS[n - 1], "remaining": 10, "payload": value},
            {"type": "fate", "time": ns + 5, "id": f"{client}:1", "fate": "delivered"}
            | {"incarnation": server},
            {"type": "fate", "time": ns + 5, "id": f"{client}:1", "fate": "copy: delivered"}
            | {"incarnation": server},
            {"type": "send", "time": ns + 9, "id": f"{server}:{n + 7}", "cause": f"{client}:1"}
            | {**common, "destination": HOSTS[n], "remaining": None, "payload": text},
            {"type": "fate", "time": ns + 20, "id": f"{server}:{n + 7}", "incarnation": None}
            | {"fate": f"dropped by {text}" if n % 2 else "delivered"},
            {"type": "check", "time": ns, "name": text, "verdict": "invalid", "detail": text},
        ]
        if not n % 2:
            records[-2]["incarnation"] = client
        ended = begun | {"index": len(history), "time": ns + 30}
        kind = ("ok", "fail", "info")[n % 3]
        history.append(Event(**ended, type=kind, value=value, op=op, error=text))
        records.append(
            {"type": "operation", **ended, "event": kind, "value": value, "op": op}
            | {"service": text}
        )
    records.append({"type": "crash", "time": ns + 40, "incarnation": f"{HOSTS[0]}.1"})
    records[-1]["reason"] = NASTY[1]
    run = {"scenario": NASTY[0], "variant": NASTY[3], "seed": 7, "digest": "ab" * 16}
    checks = [{"name": text, "verdict": "invalid", "detail": text} for text in NASTY]
    result = {"verdict": "invalid", "virtual_s": 1.0, "checks": checks}
    return Recording(run, result, records, history)
