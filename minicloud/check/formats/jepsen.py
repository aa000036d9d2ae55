"""Jepsen's files: EDN histories, key-value logs and the lines of its log. Knows no other format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from minicloud.check.formats.edn import EdnError, Keyword, forms
from minicloud.check.formats.raw import NEMESIS, TYPES, Problem, Raw

__all__ = ["LOG_LINE", "read_edn", "read_jepsen_log", "read_kv_log"]


def read_edn(text: str) -> Iterator[Raw]:
    index = -1
    for line, form in forms(text):
        if not isinstance(form, dict):
            raise Problem(
                line, f"{form!r} is no event; write a map such as {{:process 0, :type :invoke, …}}"
            )
        raw = _edn_event(line, form)
        if raw.number is not None:
            if raw.number <= index:
                raise Problem(line, f"index is {raw.number} after {index}; it counts upwards")
            index = raw.number
        yield raw


def read_kv_log(text: str) -> Iterator[Raw]:
    for raw in read_edn(text):
        if raw.key is None and raw.process != NEMESIS:
            raise Problem(raw.line, "this event has no :key; a key-value log has one in each")
        yield raw


def _edn_event(line: int, form: dict[Any, Any]) -> Raw:
    fields = {key.name: value for key, value in form.items() if isinstance(key, Keyword)}
    for name in ("process", "type", "f"):
        if name not in fields:
            raise Problem(line, f"this event has no :{name}")
    for name in ("index", "time"):
        number = fields.get(name)
        if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
            raise Problem(line, f":{name} is {number!r}; it is a whole number")
    process = _plain(fields["process"])
    kind = str(_plain(fields["type"]))
    if kind not in TYPES:
        raise Problem(line, f":type is {fields['type']!r}; it is one of :{', :'.join(TYPES)}")
    return Raw(
        line=line,
        number=fields.get("index"),
        time=fields.get("time"),
        process=process,
        type=kind,
        f=str(_plain(fields["f"])),
        key=_plain(fields.get("key")),
        value=_plain(fields.get("value")),
        further=_further(kind, fields),
    )


def _further(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What our own exports say beside Jepsen's keys; others put values of other kinds there."""
    found = {name: fields.get(name) for name in ("op", "service", "client", "error", "session")}
    further: dict[str, Any] = {k: v for k, v in found.items() if isinstance(v, str)}
    due, time = fields.get("due"), fields.get("time")
    if kind == "invoke" and type(due) is int and type(time) is int and 0 <= due < time:
        further["due"] = due
    version = fields.get("version")
    if kind == "ok" and (_is_number(version) or _is_stamp(version)):
        further["version"] = version
    return further


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_stamp(value: Any) -> bool:
    """Numbers, and the name that settles a draw."""
    return isinstance(value, list) and all(
        _is_number(part) or isinstance(part, str) for part in value
    )


def _plain(value: Any) -> Any:
    """Keywords as their names: in a history `:x` and "x" are the same name."""
    if isinstance(value, Keyword):
        return value.name
    return [_plain(item) for item in value] if isinstance(value, list) else value


# `INFO  jepsen.util - 3	:ok	:read	nil`; later versions put a time and a thread before it.
LOG_LINE = re.compile(
    r"^(?P<prefix>.*?\bjepsen\.util\b\s*[-:]\s*)"
    r"(?P<process>-?\d+|:nemesis)(?P<rest>|\t.*|[ ]+:.*)$",
    re.MULTILINE,
)
_LOG_REST = re.compile(r"\s+:(\w+)\s+:(\S+)\s+(\S.*?)\s*\Z")


def read_jepsen_log(text: str) -> Iterator[Raw]:
    lines = text.split("\n")
    prefix = ""
    for number, line in enumerate(lines, start=1):
        match = LOG_LINE.match(line)
        last = number == len(lines)
        if match is not None:
            prefix = match["prefix"]
            yield _log_event(number, match["process"], match["rest"], last=last)
        elif last and line and prefix.startswith(line):
            raise Problem(number, "the line is cut off")


def _log_event(line: int, process: str, rest: str, *, last: bool) -> Raw:
    match = _LOG_REST.match(rest)
    if match is None or match[1] not in TYPES:
        problem = "the line is cut off" if last else "this is no operation"
        raise Problem(
            line, f"{problem}; one reads: process, :type, :f and value, with tabs between"
        )
    return Raw(
        line=line,
        number=None,
        time=None,
        process=NEMESIS if process[0] == ":" else int(process),
        type=match[1],
        f=match[2],
        key=None,
        value=_log_value(line, match[1], match[3], last=last),
        further={},
    )


def _log_value(line: int, kind: str, text: str, *, last: bool) -> Any:
    try:
        values = [value for _, value in forms(f"[{text}]")]
    except EdnError as problem:
        # Nobody reads the value of a fail or an info; clients put whatever an exception said there.
        if kind in {"fail", "info"} and not last:
            return None
        raise Problem(line, f"the value {text!r} cannot be read: {problem}") from None
    return _plain(values[0])
