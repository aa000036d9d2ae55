"""A small strict reader of EDN, the notation of Jepsen's histories; knows nothing of histories.

It reads nil, booleans, integers, floats, strings, characters, keywords, lists, vectors, maps, sets
(`#{…}`, and `#[…]` as some printers write an ordered set), tagged values and comments. A bare
symbol is refused: no history has one, and a cut-off `nil` looks like one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import msgspec

__all__ = ["EdnError", "Keyword", "Tagged", "forms"]

MAX_DEPTH = 64

_TOKEN = re.compile(
    r"""(?P<space>(?:[\s,]+|;[^\n]*)+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<open>\#\{|\#\[|[(\[{])
      | (?P<close>[)\]}])
      | (?P<discard>\#_)
      | (?P<char>\\(?:newline|space|tab|return|u[0-9a-fA-F]{4}|.))
      | (?P<tag>\#[A-Za-z][\w.*+!?$%&=<>/-]*)
      | (?P<atom>[^\s,;"()\[\]{}\\]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_INTEGER = re.compile(r"[+-]?\d+N?\Z")
_FLOAT = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?\Z")
_CLOSER = {"(": ")", "[": "]", "{": "}", "#{": "}", "#[": "]"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}
_CHARACTERS = {"newline": "\n", "space": " ", "tab": "\t", "return": "\r"}
_NAMES: dict[str, Any] = {"nil": None, "true": True, "false": False}


class EdnError(ValueError):
    """Text that is not EDN; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line


class Keyword(msgspec.Struct, frozen=True):
    """`:name`. Never equal to a string."""

    name: str

    def __str__(self) -> str:
        return f":{self.name}"

    __repr__ = __str__


class Tagged(msgspec.Struct, frozen=True):
    """`#tag value`, not interpreted."""

    tag: str
    value: Any


def forms(text: str) -> Iterator[tuple[int, Any]]:
    """Read (line, value) pairs: the elements of the one vector or list in the text, or what stands
    in it.

    Raises EdnError, whose line is the one where the trouble shows.
    """
    reader = _Reader(text)
    kind, opener, line = reader.peek()
    if kind != "open" or opener not in "([":
        while reader.peek()[0] != "end":
            yield reader.peek()[2], reader.value(0)
        return
    reader.take()
    while reader.peek()[0] != "close":
        if reader.peek()[0] == "end":
            raise EdnError(
                reader.last_line, f"the text ends before the {opener} of line {line} is closed"
            )
        yield reader.peek()[2], reader.value(1)
    reader.close(opener, line)
    kind, token, line = reader.peek()
    if kind != "end":
        raise EdnError(line, f"{token[:20]!r} stands after the end of the vector")


class _Reader:
    """Tokens, one ahead. A token is (kind, text, line); the kind of the last one is `end`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        # A text that ends in a newline ends on the line before it.
        self.last_line = self.line_of(max(len(text.rstrip()) - 1, 0))
        self.position = 0
        self.ahead = self.scan()

    def line_of(self, position: int) -> int:
        return bisect_right(self.newlines, position - 1) + 1

    def scan(self) -> tuple[str, str, int]:
        while self.position < len(self.text):
            line = self.line_of(self.position)
            match = _TOKEN.match(self.text, self.position)
            if match is None:
                what = "a string" if self.text[self.position] == '"' else "something"
                raise EdnError(line, f"{what} begins here that does not end")
            self.position = match.end()
            if match.lastgroup != "space":
                return str(match.lastgroup), match.group(), line
        return "end", "", self.last_line

    def peek(self) -> tuple[str, str, int]:
        while self.ahead[0] == "discard":
            self.ahead = self.scan()
            self.value(0)
        return self.ahead

    def take(self) -> tuple[str, str, int]:
        token = self.peek()
        self.ahead = self.scan()
        return token

    def close(self, opener: str, opened: int) -> None:
        kind, token, line = self.take()
        if kind == "end":
            raise EdnError(line, f"the text ends before the {opener} of line {opened} is closed")
        if token != _CLOSER[opener]:
            raise EdnError(line, f"{token} closes the {opener} of line {opened}")

    def value(self, depth: int) -> Any:
        kind, token, line = self.take()
        if depth > MAX_DEPTH:
            raise EdnError(line, f"values are nested more than {MAX_DEPTH} deep")
        if kind == "open":
            return self.collection(token, line, depth)
        if kind == "tag":
            return self.tagged(token[1:], depth)
        if kind == "end":
            raise EdnError(line, "the text ends where a value was to come")
        if kind == "close":
            raise EdnError(line, f"{token} closes nothing")
        return _scalar(kind, token, line)

    def tagged(self, tag: str, depth: int) -> Any:
        value = self.value(depth + 1)
        # A record, such as #jepsen.history.Op{…}, is read as its map.
        return value if isinstance(value, dict) else Tagged(tag, value)

    def collection(self, opener: str, line: int, depth: int) -> Any:
        items = []
        while self.peek()[0] not in {"close", "end"}:
            items.append(self.value(depth + 1))
        self.close(opener, line)
        if opener == "{":
            return _map(items, line)
        return _set(items, line) if opener[0] == "#" else items


def _map(items: list[Any], line: int) -> dict[Any, Any]:
    if len(items) % 2:
        raise EdnError(line, f"a map has {len(items)} forms, so a key lacks its value")
    keys = [_hashable(key, line) for key in items[::2]]
    result = dict(zip(keys, items[1::2], strict=True))
    if len(result) < len(keys):
        raise EdnError(line, "a map has the same key twice")
    return result


def _set(items: list[Any], line: int) -> tuple[Any, ...]:
    """A set as a tuple in the order of the text: equal sets in another order count as different."""
    return tuple(_hashable(item, line) for item in items)


def _hashable(value: Any, line: int) -> Any:
    if isinstance(value, dict):
        raise EdnError(line, "a map stands as a key or in a set")
    return tuple(_hashable(item, line) for item in value) if isinstance(value, list) else value


def _scalar(kind: str, token: str, line: int) -> Any:
    if kind == "string":
        return _string(token[1:-1], line)
    if kind == "char":
        name = token[1:]
        return (
            chr(int(name[1:], 16))
            if name[0] == "u" and len(name) > 1
            else _CHARACTERS.get(name, name)
        )
    if token in _NAMES:
        return _NAMES[token]
    if token[0] == ":" and len(token) > 1:
        return Keyword(token[1:])
    if _INTEGER.match(token):
        return int(token.rstrip("N"))
    if _FLOAT.match(token):
        return float(token.rstrip("M"))
    raise EdnError(line, f"{token[:20]!r} is no value")


def _string(body: str, line: int) -> str:
    if "\\" not in body:
        return body

    def unescape(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape[0] == "u":
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPES:
            raise EdnError(line, f"\\{escape} is no escape in a string")
        return _ESCAPES[escape]

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", unescape, body, flags=re.DOTALL)
