"""Owns how a schedule is written as TOML, so that reading it gives an equal one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.net.faults.values import Fault

__all__ = ["dump"]

_HEAD = "# Faults and their times, in virtual seconds from the schedule's start."


def dump(faults: Sequence[Fault], top: Mapping[str, Any]) -> str:
    """TOML of some faults and, above them, of other fields; what is None is left out.

    Raises `UsageError` for a fault that holds a function.
    """
    lines = [_HEAD, *(f"{key} = {_toml(value)}" for key, value in top.items() if value is not None)]
    for number, fault in enumerate(faults):
        try:
            table = _fields(fault)
            lines += ["", "[[fault]]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
        except _Unwritable as error:
            msg = f"faults[{number}]{error}: it can't be written to a file. "
            raise UsageError(msg + "Say which messages by message= or replies_to=") from None
    return "\n".join(lines) + "\n"


class _Unwritable(Exception):
    """A value that TOML has no form for; the text is its field."""


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    """What a struct says: its tag, when and how long, then what is not as it would be anyway."""
    config = struct.__struct_config__
    table: dict[str, Any] = {str(config.tag_field): config.tag}
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    first = [name for name in ("at", "lasts") if name in fields]
    for name in [*first, *(name for name in fields if name not in first)]:
        value = getattr(struct, name)
        if callable(value) and not isinstance(value, msgspec.Struct):
            raise _Unwritable(f".{name}")
        if value != fields[name].default:
            table[fields[name].encode_name] = value
    return table


def _toml(value: Any) -> str:
    if isinstance(value, msgspec.Struct):
        fields = ", ".join(f"{key} = {_toml(inner)}" for key, inner in _fields(value).items())
        return f"{{{fields}}}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
