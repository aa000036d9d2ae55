"""Readers of history files: bytes to events, by format; knows no model and judges nothing.

| format | a line or element |
|---|---|
| `jsonl` | `{"index": 0, "time": 1000, "process": 0, "type": "invoke", "f": "read", "value": 1}` |
| `edn` | `{:process 0, :type :invoke, :f :write, :value 1}`, in one vector or one a line |
| `jepsen-log` | `INFO  jepsen.util - 0	:invoke	:write	1`; other lines are passed over |
| `kv-log` | as `edn`, one a line, and each has a `:key` |

Events of the process `nemesis` are nobody's operations and are passed over.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from minicloud.check.event import REPEATS_ITS_ARGUMENT, Contradiction, Event, Pairing
from minicloud.check.formats.edn import EdnError
from minicloud.check.formats.jepsen import LOG_LINE, read_edn, read_jepsen_log, read_kv_log
from minicloud.check.formats.native import read_jsonl
from minicloud.check.formats.raw import NEMESIS, Problem, Raw
from minicloud.errors import FileError, UsageError

__all__ = ["FORMATS", "Source", "read_events"]

# Jepsen's older recorders took the time in one thread and wrote the line in another; the order of
# lines is the order of events, and clocks may disagree with it by a race between two threads.
RACE_NS = 10_000_000


class Source(msgspec.Struct, frozen=True):
    """Where a history came from. `lines[index]` is the line of event `index`.

    `timed` is False where the file has no times; an event's `time` is then its line number.
    """

    path: str | None = None
    lines: list[int] = []
    timed: bool = True

    def where(self, index: int) -> str | None:
        """`path:line` of an event, or None where there is no file."""
        return None if self.path is None else f"{self.path}:{self.lines[index]}"


def read_events(path: Path, format: str | None = None) -> tuple[list[Event], Source]:  # noqa: A002
    """Read a file of any format; raises FileError, whose message opens with `path:line:`."""
    if format is not None and format not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"there is no history format {format!r}{hint} Formats: {', '.join(FORMATS)}"
        )
    text = _text(path)
    try:
        name = format or _guess(text)
        return _collect(path, list(FORMATS[name](text)), native=name == "jsonl")
    except (EdnError, Problem) as problem:
        raise FileError(f"{path}:{problem.line}: {problem}") from None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise FileError(f"{path}: this is a folder; name a history file in it") from None
    except OSError as problem:
        raise FileError(f"{path}: it cannot be read: {problem.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise FileError(f"{path}:{line}: this is no UTF-8 text, so it is no history") from None


def _guess(text: str) -> str:
    """Tell the format from how the text begins, or from the lines of a log anywhere in it."""
    start = text.lstrip(" \t\r\n,")
    if not start:
        raise Problem(1, "the file is empty; a history has at least one operation")
    if re.match(r'\{\s*"', start):
        return "jsonl"
    if re.match(r"\[?\s*[{#]", start):
        return "edn"
    if LOG_LINE.search(text):
        return "jepsen-log"
    if start[0] in "[(;":
        return "edn"
    raise Problem(1, f"this is no history in a format known here ({', '.join(FORMATS)})")


def _collect(path: Path, raws: list[Raw], *, native: bool) -> tuple[list[Event], Source]:
    """Check the order and the pairing of lines, and number the events."""
    timed = bool(raws) and raws[0].time is not None
    slack = 0 if native else RACE_NS
    # Jepsen's logs repeat the argument of a put too; our own clients may record what it answered.
    pairing = Pairing(REPEATS_ITS_ARGUMENT if native else (*REPEATS_ITS_ARGUMENT, "put"))
    events: list[Event] = []
    lines: list[int] = []
    latest = -1
    for raw in raws:
        latest = _in_time(raw, timed=timed, latest=latest, slack=slack)
        if raw.process == NEMESIS:
            continue
        event = Event(
            index=len(events),
            time=latest if timed else raw.line,
            process=_process(raw),
            type=raw.type,
            f=raw.f,
            key=raw.key,
            value=raw.value,
            **raw.further,
        )
        try:
            pairing.admit(event)
        except Contradiction as problem:
            raise Problem(raw.line, str(problem)) from None
        events.append(event)
        lines.append(raw.line)
    if not events:
        raise Problem(
            raws[-1].line if raws else 1, "the file holds no operation; a history has at least one"
        )
    return events, Source(path=str(path), lines=lines, timed=timed)


def _in_time(raw: Raw, *, timed: bool, latest: int, slack: int) -> int:
    if (raw.time is not None) is not timed:
        raise Problem(
            raw.line, "this event and the first one differ in having a time; give all or none"
        )
    if raw.time is None:
        return latest
    if raw.time < latest - slack:
        raise Problem(raw.line, f"time goes back: {raw.time} ns after {latest} ns")
    return max(raw.time, latest)


def _process(raw: Raw) -> int:
    if isinstance(raw.process, int) and not isinstance(raw.process, bool):
        return raw.process
    raise Problem(raw.line, f"process is {raw.process!r}; a process is a number (or nemesis)")


_Reader = Callable[[str], Iterator[Raw]]
FORMATS: dict[str, _Reader] = {
    "jsonl": read_jsonl,
    "edn": read_edn,
    "jepsen-log": read_jepsen_log,
    "kv-log": read_kv_log,
}
