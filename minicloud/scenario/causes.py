"""Owns what makes two failures the same: a check's words without numbers, names and times. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["cause"]

_LONGEST = 160
_PLACE = re.compile(r"[\w./-]+\.py:\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# A word with a digit in it, such as r1, load-4, kv-2#3, 0x7f or key_7, names one of many.
_NAME = re.compile(r"(?<![\w.])[A-Za-z_][\w.:#-]*\d[\w#-]*|0x[0-9a-f]+|\b[0-9a-f]{8,}\b")
_NUMBER = re.compile(r"-?\d+(?:,\d{3})*(?:\.\d+)*(?:e[+-]?\d+)?")
_LIST = re.compile(r"([#~…])(?:(?:, | and | or )[#~…])+")
_PLURAL = re.compile(r"(# \w{3,}?)s\b")
_RANGE = re.compile(r"[\[({<][#~…, :=-]*[\])}>]")


def cause(detail: str, names: Iterable[str] = ()) -> str:
    """`detail` with `~` for each name, `#` for each number and `…` for each quotation.

    `names` are those that can't be told from other words: of clients and keys. A place in the code
    stays, since it is the cause. Of a long detail the first part counts: what follows is evidence,
    and differs from run to run.
    """
    first = next(iter(detail.strip().splitlines()), "").split("; ")[0]
    parts = []
    end = 0
    for place in _PLACE.finditer(first):
        parts += [_plain(first[end : place.start()], tuple(names)), place[0].rsplit("/", 1)[-1]]
        end = place.end()
    parts.append(_plain(first[end:], tuple(names)))
    text = " ".join("".join(parts).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _plain(text: str, names: tuple[str, ...]) -> str:
    if names:
        text = _words(names).sub("~", text)
    text = _QUOTED.sub("…", text)
    text = _NUMBER.sub("#", _NAME.sub("~", text))
    text = _RANGE.sub("…", _LIST.sub(r"\1", text))
    return _PLURAL.sub(r"\1", _LIST.sub(r"\1", text))


@lru_cache(maxsize=64)
def _words(names: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")
