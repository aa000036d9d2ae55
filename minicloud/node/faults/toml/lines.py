"""Owns on which line of a TOML text each key stands, which `tomllib` does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Lines"]

Path = tuple[str | int, ...]
"""Keys, and numbers in lists: `("fault", 2, "lasts")`."""

_WORD = re.compile(
    r'"""(?:[^\\]|\\.)*?"""' + r"|'''.*?'''" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'|#[^\n]*|.",
    re.DOTALL,
)
_KEY = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'|[A-Za-z0-9_-]+")


class Lines:
    """Where what stands in a TOML text that is known to be right."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        table: Path = ()
        counts: dict[Path, int] = {}
        for line, statement in _statements(text):
            if statement.startswith("["):
                path = _numbered(_keys(statement), counts)
                if statement.startswith("[["):
                    number = counts[path] = counts.get(path, -1) + 1
                    path = (*path, number)
                table = path
            else:
                path = (*table, *_keys(statement.partition("=")[0]))
            for length in range(1, len(path) + 1):
                self._lines.setdefault(path[:length], line)

    def of(self, path: Path) -> int:
        """The line of the key, or of what holds it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def _keys(text: str) -> Path:
    keys = (match.group() for match in _KEY.finditer(text))
    return tuple(key[1:-1] if key[0] in "\"'" else key for key in keys)


def _numbered(keys: Path, counts: dict[Path, int]) -> Path:
    """A header's path with, for each list of tables on it, the number of its last table."""
    path: Path = ()
    for key in keys[:-1]:
        path = (*path, key)
        if path in counts:
            path = (*path, counts[path])
    return (*path, *keys[-1:])


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each key with its value, and each header, with the line on which it begins."""
    line, begun, depth, words = 1, 1, 0, ""
    for match in _WORD.finditer(text + "\n"):
        word = match.group()
        if word == "\n" and depth == 0:
            if words.strip():
                yield begun, words.strip()
            words = ""
        elif not word.startswith("#"):
            begun = begun if words.strip() else line
            words += word
            depth += (word in "[{") - (word in "]}")
        line += word.count("\n")
