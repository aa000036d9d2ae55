"""Owns text as a terminal shows it: how wide it is, cut and folded to fit, nothing in it obeyed.

Widths are cells: two for what East Asian scripts and emoji take, none for what is put on top of the
character before it. A key may hold an escape sequence; it is shown as text, never sent. Knows no
run and no terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

__all__ = ["WIDTH", "cells", "clipped", "counted", "folded", "padded", "visible"]

WIDTH = 79
"""What a line may take: a character in the last column of 80 makes some terminals begin a line."""

_LEAST = 24
"""Columns that a folded text has at least."""

_WORDS = re.compile(r"\s+|\S+")
_MARKS = ("Mn", "Me")
_WIDE = ("W", "F")
_EMOJI_STYLE = "\ufe0f"
_MOST_MARKS = 4
"""What may stand on top of one character, before the rest counts as characters of their own."""


def visible(text: str) -> str:
    r"""The text with everything that no terminal prints written out, as in `\x1b[2J`.

    That is more than control characters: what turns the direction of writing, what has no width,
    and half of a surrogate pair. A line break is one of them too. What is visible stays as it is.
    """
    # As good as every text is ASCII, or printable throughout; then this is all that it costs.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def cells(text: str) -> int:
    """How many columns of a terminal a visible text takes, at most."""
    return len(text) if text.isascii() else sum(width for _, width in _clusters(text))


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Characters with what stands on top of them, and the columns that each takes."""
    cluster, width, marks = "", 0, 0
    for character in text:
        on_top = unicodedata.category(character) in _MARKS and character != _EMOJI_STYLE
        if on_top and cluster and marks < _MOST_MARKS:
            cluster, marks = cluster + character, marks + 1
            continue
        if cluster:
            yield cluster, width
        cluster, marks = character, 0
        # A mark too many may be shown by itself. And the style that makes a character an emoji
        # makes it wide, in some terminals.
        width = 2 if unicodedata.east_asian_width(character) in _WIDE else 1
    if cluster:
        yield cluster, width


def clipped(text: str, room: int) -> str:
    """A text in at most `room` columns; one that is longer ends in `…`."""
    text = visible(text)
    if text.isascii() and len(text) <= room:
        return text
    kept, used, end = "", 0, ""
    for cluster, width in _clusters(text):
        if used + width > room:
            return f"{end}…" if room > 0 else ""
        used += width
        kept += cluster
        if used < room:
            end = kept
    return kept


def padded(text: str, room: int) -> str:
    """A text in exactly `room` columns, at the left of them."""
    text = clipped(text, room)
    return text + " " * (room - cells(text))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with what it counts: `1 seed`, `1,000 seeds`, `2 boxes` of `many="boxes"`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def folded(first: str, text: str, *, indent: str | None = None) -> list[str]:
    """`text` after `first`, folded; later lines are indented by `indent`, or by `first`'s width.

    A word that is longer than a line is broken, so a path or a command is not for folding.
    """
    if cells(first) > WIDTH - _LEAST:
        first = clipped(first, WIDTH - _LEAST - 2) + "  "
    rest = " " * cells(first) if indent is None else indent
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines += _wrapped(visible(paragraph.expandtabs()), rest if lines else first, rest)
    return lines


def _wrapped(paragraph: str, start: str, rest: str) -> Iterator[str]:
    line, room, gap = start, WIDTH - cells(start), ""
    for word in _WORDS.findall(paragraph):
        if word.isspace():
            gap = word
            continue
        if cells(gap + word) > room and line != rest:
            yield line.rstrip()
            line, room, gap = rest, WIDTH - cells(rest), ""
        *pieces, last = _pieces(gap + word, room)
        for piece in pieces:
            yield line + piece
            line, room = rest, WIDTH - cells(rest)
        line, room, gap = line + last, room - cells(last), ""
    yield line.rstrip()


def _pieces(word: str, room: int) -> Iterator[str]:
    """A word, or the parts of it that fit in a line each."""
    part, used = "", 0
    for cluster, width in _clusters(word):
        if used + width > room:
            yield part
            part, used = "", 0
        part, used = part + cluster, used + width
    yield part
