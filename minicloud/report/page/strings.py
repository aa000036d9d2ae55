"""Owns the two ways in which a page's tables are made small: texts by number, and differences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from minicloud.check.values import show

__all__ = ["MOST_TEXT", "Strings", "clip", "deltas", "json_text", "key_text", "value_text"]

MOST_TEXT = 160
"""Characters of a value that a page shows."""

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Strings:
    """Every text of a page once; tables hold its number."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of a text, -1 for none."""
        if text is None:
            return -1
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.all)
            self.all.append(text)
        return number

    def numbers(self, texts: Iterable[str | None]) -> list[int]:
        """The number of each text."""
        return [self.number(text) for text in texts]


def deltas(values: Iterable[int]) -> list[int]:
    """The difference of each number to the one before it; the first as it is."""
    found, before = [], 0
    for value in values:
        found.append(value - before)
        before = value
    return found


def clip(text: str, most: int = MOST_TEXT) -> str:
    """A text that is not longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def json_text(value: Any) -> str:
    """A value as JSON, in the same words in every process."""
    # A lone surrogate is text in Python, and none in JSON.
    return _ENCODER.encode(value).decode("utf-8", "replace")


def key_text(value: Any) -> str | None:
    """A key as a table shows it: a text as it is, None for no key."""
    return None if value is None else clip(value if isinstance(value, str) else show(value))


def value_text(value: Any) -> str:
    """A value in the words of sentences and states, so that they can be told to be the same."""
    return show(value, width=MOST_TEXT)
