"""Owns the two streams of a command: answers on one, progress and complaints on the other.

No colour where it is no terminal or `NO_COLOR` is set; no character that the stream cannot write;
and nobody at the other end (`| head`) is no error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from textwrap import wrap
from time import monotonic
from typing import Any, ClassVar, TextIO

import msgspec

from minicloud.report.screen.text import WIDTH, cells, clipped, padded, visible

__all__ = ["Terminal", "hush"]

_PLAIN = str.maketrans(
    {"✔": "+", "✖": "x", "→": "->", "…": "...", "·": "-", "—": "-", "●": "o", "◆": "?", "⚠": "!"}
    # En dash, the apostrophe of printers, times, at most, at least.
    | {"\u2013": "-", "\u2019": "'", "\u00d7": "x", "\u2264": "<=", "\u2265": ">="}
    | {
        "├": "|",
        "┤": "|",
        "│": "|",
        "─": "-",
        "▷": ">",
        "█": "#",
        "▶": ">",
        "\u292b": "x",
        "µ": "u",
    }
)
_NARROW = _PLAIN | {ord("→"): ">", ord("…"): "~", ord("≤"): "<", ord("≥"): ">"}
"""The same, a character for a character, for lines that have no room for more."""
_COLOURS = {"✔": 32, "✖": 31, "VALID": 32, "INVALID": 31, "FAILED": 31, "UNKNOWN": 33}
_PATIENCE_S = 2.0


class Terminal:
    """Standard output and standard error, as one command sees them.

    `debug` is set for a whole command line: whether tracebacks are shown in full.
    """

    debug: ClassVar[bool] = False

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out, self._err = out or sys.stdout, err or sys.stderr
        self._plain = not _writes(self._out, "✔✖")
        self.folds = _is_terminal(self._out)
        """Whether somebody reads it on a screen, where a long line would be broken anywhere."""
        self._coloured = self.folds and not (os.environ.get("NO_COLOR") or _in_ci())
        self.live = _is_terminal(self._err) and not _in_ci()
        """Whether somebody watches who may be shown a line that changes."""
        self._started = monotonic()
        self._shown = 0

    def say(self, lines: str | Iterable[str]) -> None:
        """Write lines to standard output."""
        self.clear()
        for several in [lines] if isinstance(lines, str) else lines:
            for line in several.split("\n"):
                self._write(self._out, self._dressed(line) + "\n")

    def json(self, value: Any) -> None:
        """Write one JSON object on a line of its own to standard output."""
        self.clear()
        utf8 = _writes(self._out, "✔→é")
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        if not utf8 or not text.isprintable():
            text = json.dumps(msgspec.to_builtins(value))
        self._write(self._out, text + "\n")

    def complain(self, sentence: str) -> None:
        """Write to standard error; one line, unless it is a terminal, which would break words."""
        self.clear()
        if _is_terminal(self._err) and "\n" not in sentence:
            lines = wrap(
                sentence, 79, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
            sentence = "\n".join(lines)
        plain = not _writes(self._err, "✔✖")
        lines = [visible(line.expandtabs()) for line in sentence.split("\n")]
        for line in lines:
            self._write(self._err, (_plain(line, self._err) if plain else line) + "\n")

    def progress(self, text: str, *, after: float = _PATIENCE_S) -> None:
        """Show how far a long command is, if it is `live`, once it has taken so many seconds."""
        if self.live and monotonic() - self._started > after:
            line = clipped(text, 78)
            self._write(self._err, "\r" + padded(line, max(self._shown, cells(line))))
            self._shown = cells(line)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            self._write(self._err, "\r" + " " * self._shown + "\r")
            self._shown = 0

    def _dressed(self, line: str) -> str:
        line = visible(line)
        if self._plain:
            return _plain(line, self._out)
        if not self._coloured:
            return line
        first = line.split(maxsplit=1)[0] if line.strip() else ""
        colour = _COLOURS.get(first)
        return line.replace(first, f"\x1b[{colour}m{first}\x1b[0m", 1) if colour else line

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            hush(stream)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def hush(stream: TextIO) -> None:
    """Send what is still to come nowhere: the reader has gone, and that is no error."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _plain(line: str, stream: TextIO) -> str:
    """A line of what a poor encoding has; no wider than it was, where it would not fit any more."""
    encoding = stream.encoding or "ascii"
    told = line.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    if len(told) <= WIDTH or len(told) <= cells(line):
        return told
    return line.translate(_NARROW).encode(encoding, "replace").decode(encoding)


def _in_ci() -> bool:
    """Whether this is a build server, which keeps all that it is shown, terminal or not."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _writes(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
