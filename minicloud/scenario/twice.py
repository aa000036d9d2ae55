"""Owns the proof that a run repeats: fresh processes, other hash seeds, another heap, one digest.

Two digests that differ are explained by the first event in which the two traces differ, in words
and with the line that sent it. It knows traces and processes, and no terminal.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from minicloud.errors import SimulationError
from minicloud.kernel.records import LOOKS_ON, read_trace
from minicloud.scenario.jobs import Job
from minicloud.scenario.running import Result

__all__ = ["Child", "Difference", "first_difference", "repeats", "twice"]

_MAIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from minicloud.scenario.jobs import child_main; child_main()"
)
_WORDS = {
    "send": "{sender} sent {kind} to {destination}",
    "fate": "message {id} was {fate}",
    "timer": "timer {name} of {sender} fired",
    "crash": "{sender} crashed",
    "boot": "{sender} booted",
    "disk": "{sender} {op} {file}",
    "operation": "process {process}: {type} {f}({key!r}, {value!r})",
    "fault": "fault {kind} {phase}",
    "decision": "decision {what}: {choice}",
}


class Child:
    """One run in a process of its own; `folder` is where it may write."""

    def __init__(
        self, job: Job, folder: Path, number: int, *, hash_seed: int | None = None
    ) -> None:
        self.raw = folder / f"raw-{number}"
        self._result = folder / f"result-{number}"
        environment = dict(os.environ)
        if hash_seed is not None:
            environment["PYTHONHASHSEED"] = str(hash_seed)
        job = msgspec.structs.replace(job, raw=str(self.raw), sites=True)
        order = {"job": job, "result": str(self._result), "ballast": 7919 * number}
        # -P: nothing of this folder may come before the library.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-P", "-c", _MAIN, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(msgspec.json.encode(order))

    def wait(self) -> Result:
        """The result, once the process has ended; `SimulationError` where it brought none."""
        assert self._process.stderr is not None
        complaint = self._process.stderr.read()
        self._process.wait()
        if self._process.returncode == 0 and self._result.exists():
            return msgspec.json.decode(self._result.read_bytes(), type=Result)
        words = complaint.decode(errors="replace").strip().splitlines()
        raise SimulationError(
            f"the process that repeats the run ended with {self._process.returncode} and no result"
            + (f": {words[-1]}" if words else "")
        )

    def stop(self) -> None:
        """End the process, if it still runs, and let go of its pipes."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()


class Difference(msgspec.Struct, frozen=True):
    """Where two traces of one case part: the number of the event, and both events in words."""

    event: int
    time_ns: int
    sentence: str
    hint: str = ""


def twice(job: Job, first: Result, folder: Path, trace: Iterable[dict[str, Any]]) -> str | None:
    """Repeat `first` in processes of their own; None if all digests agree, else what differs.

    `trace` holds the records of the first run. Two processes, and two more where a run is short:
    small sets often have the same order under two hash seeds.
    """
    count = 4 if first.wall_s < 1 else 2
    done: list[tuple[Child, Result]] = []
    for start in range(0, count, 2):
        pair = [Child(job, folder, n, hash_seed=n) for n in range(start, start + 2)]
        try:
            done += [(child, child.wait()) for child in pair]
        finally:
            for child in pair:
                child.stop()
        base, result = done[0]
        for _, again in done:
            if again.verdict is None and first.verdict is not None:
                return f"Not repeatable: in another process {again.error}"
        for other, again in done[1:]:
            if again.digest != result.digest:
                return _sentence(read_trace(base.raw), read_trace(other.raw))
        if result.digest != first.digest:
            return _sentence(trace, read_trace(base.raw))
    return None


def repeats(job: Job, folder: Path) -> tuple[Result, Path]:
    """Repeat a run in one fresh process: what came out, and its raw trace."""
    child = Child(job, folder, 1)
    try:
        return child.wait(), child.raw
    finally:
        child.stop()


def _sentence(one: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]) -> str:
    difference = first_difference(one, other)
    if difference is None:
        return "Not repeatable: two processes end in different digests of equal traces"
    return f"Not repeatable: two processes first differ at {difference.sentence}{difference.hint}"


def first_difference(
    one: Iterable[dict[str, Any]], other: Iterable[dict[str, Any]]
) -> Difference | None:
    """The first event that happened in only one of two traces, or otherwise in each."""
    nothing: tuple[dict[str, Any] | None, str] = (None, "")
    pairs = zip_longest(_happened(one), _happened(other), fillvalue=nothing)
    for number, ((a, site_a), (b, site_b)) in enumerate(pairs, 1):
        if a is None or b is None or _canonical(a) != _canonical(b):
            time_ns = (a or b or {}).get("time", 0)
            words = _both(a, b)
            site = site_a or site_b
            where = f", from {site}" if site else ""
            sentence = f"event {number:,} ({time_ns / 1e9:.3f} s): {words}{where}"
            return Difference(number, time_ns, sentence, _hint(a, b))
    return None


def _happened(records: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Records without observations, each with the call site that the record before it names."""
    site = ""
    for record in records:
        kind = record["type"]
        if kind == "site":
            site = record["site"]
        elif kind not in LOOKS_ON:
            yield record, site
            site = ""


def _canonical(record: dict[str, Any]) -> bytes:
    return msgspec.json.encode(record, order="deterministic")


def _hint(a: dict[str, Any] | None, b: dict[str, Any] | None) -> str:
    if a is None or b is None or not a["type"] == b["type"] == "send":
        return ""
    if a["destination"] != b["destination"]:
        return ". Sets have no stable order: go through sorted(...)"
    if a["payload"] != b["payload"]:
        return ". Something from outside the run is in the message: the real clock, id(), a set"
    return ""


def _both(a: dict[str, Any] | None, b: dict[str, Any] | None) -> str:
    if a is None or b is None:
        return f"{describe(a or b or {})} in one, and the other has ended"
    if a["type"] == b["type"] == "send" and a["id"] == b["id"]:
        sender, kind = str(a["id"]).partition(".")[0], a["kind"]
        if kind == b["kind"] and a["destination"] != b["destination"]:
            one, other = a["destination"], b["destination"]
            return f"{sender} sent {kind} to {one} in one, to {other} in the other"
    parts = [f"{key} {a.get(key)!r} and {b.get(key)!r}" for key in a if a.get(key) != b.get(key)]
    one, two = describe(a), describe(b)
    return f"{one} in one, {two} in the other" if one != two else f"{one}, with {'; '.join(parts)}"


def describe(record: dict[str, Any]) -> str:
    """One record in words."""
    kind = str(record.get("type", "something"))
    sender = str(record.get("id", record.get("incarnation", ""))).partition(".")[0]
    return _WORDS.get(kind, f"{kind} {{sender}}").format_map({**record, "sender": sender}).strip()
