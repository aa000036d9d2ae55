"""Owns what a trace says of a fault, read back: its fields, and a few words for people.

A trace has a fault's fields as Python writes them; whoever looks at a run need not read Python.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from minicloud.net.faults.names import flat

__all__ = ["fault_fields", "fault_words"]

_BETWEEN = re.compile(r"(?:;|(?<!,) )(?=[a-z_]+=)")
_EVERY = ("*",)
_SAYS_NOTHING = re.compile(r", \w+=(?:None|0\.0|\(\))(?=[,)])")
_WAYS = (("source", "target"), ("sources", "targets"))
_NAMED = (*(name for way in _WAYS for name in way), "groups", "left", "bridge", "right", "hosts")
_DIRECTED = {"message": "{}", "replies_to": "replies to {}"}


def fault_fields(detail: str) -> dict[str, Any]:
    """The fields of `groups=(('a',), ('b',));count=1`; what is no plain value stays text."""
    found: dict[str, Any] = {}
    for part in filter(None, _BETWEEN.split(detail)):
        name, _, text = part.partition("=")
        try:
            found[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def fault_words(detail: str) -> str:
    """Whom a fault is about, then what it does: `wally → kv-r2, kv-r3: kv.Keep, count 1`."""
    fields = fault_fields(detail)
    whom = [_between(fields)] if "groups" in fields or "left" in fields else []
    whom += [_way(fields.get(one), fields.get(other)) for one, other in _WAYS]
    whom.append(_names(fields.get("hosts")))
    does = []
    for name, value in fields.items():
        if name in _DIRECTED and value is not None:
            does.append(_DIRECTED[name].format(value))
        elif name not in _NAMED and name not in _DIRECTED and value not in (None, False):
            does.append(f"{name.replace('_', ' ')} {_SAYS_NOTHING.sub('', str(value))}".strip())
    return ": ".join(filter(None, (", ".join(filter(None, whom)), ", ".join(does))))


def _names(value: Any) -> str:
    return "" if value is None else ", ".join(flat(value))


def _way(source: Any, target: Any) -> str:
    """`a → b`, with a dot for everybody; nothing where it is from everybody to everybody."""
    if source in (None, _EVERY) and target in (None, _EVERY):
        return ""
    return " → ".join("·" if end == _EVERY else _names(end) for end in (source, target))


def _between(fields: dict[str, Any]) -> str:
    if "groups" in fields:
        return " | ".join(map(_names, fields["groups"]))
    over = f", over {_names(fields['bridge'])}" if fields.get("bridge") else ""
    return f"{_names(fields['left'])} | {_names(fields.get('right'))}{over}"
