"""Ranges of keys, as the two bounds that a scan and a watch take; knows no store."""

from __future__ import annotations

__all__ = ["only", "prefix"]

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
"""No text that can be encoded has these, so they are skipped."""


def only(key: str) -> tuple[str, str]:
    """The bounds of one key alone: `client.watch(*kv.only("x"))`."""
    return key, key + "\0"


def prefix(beginning: str) -> tuple[str, str | None]:
    """The bounds of all keys that begin so: `client.scan(*kv.prefix("users/"))`."""
    for at in range(len(beginning) - 1, -1, -1):
        code = ord(beginning[at]) + 1
        if code in _SURROGATES:
            code = _SURROGATES.stop
        if code <= _LAST:
            return beginning, beginning[:at] + chr(code)
    return beginning, None
