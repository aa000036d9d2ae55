"""Owns how a fault says which hosts it means: names, patterns, selectors. Knows no host.

A name is itself, a pattern (`"r*"`) stands for every host that it fits, and a *selector*, a text
that begins with `@`, for whoever fits when the fault comes: `"@leader"`, `"@any:r*"`. Selectors are
data here; the layer that knows hosts turns them into names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from minicloud.errors import UsageError

__all__ = [
    "SHAPES",
    "WORDS",
    "FieldError",
    "Names",
    "as_names",
    "flat",
    "is_pattern",
    "is_selector",
    "member",
    "near",
    "split_selector",
]

Names = str | Sequence[str]
"""What a field of hosts may be given: one name or several. What it holds is always a tuple."""

_WILD = re.compile(r"[*?[]").search

WORDS = {
    "all": "[:PATTERN]",
    "any": "[:PATTERN]",
    "leader": "",
    "majority": "[:PATTERN]",
    "minority": "[:PATTERN]",
    "others": "",
    "where": ":KEY=VALUE",
    "zone": "[:ZONE]",
}
"""The words of selectors, each with what may follow it."""

SHAPES = ("@halves", "@isolate", "@majority", "@ring", "@majorities-ring", "@bridge")
"""What may stand for all the groups of a partition, drawn when it comes."""


class FieldError(UsageError):
    """A field of a fault that means nothing. `field` names it, `problem` says what is wrong."""

    def __init__(self, owner: str, field: str, problem: str) -> None:
        super().__init__(f"{owner} {field}: {problem}")
        self.field = field
        self.problem = problem


def near(word: str, words: Iterable[str]) -> str:
    """`"; did you mean X?"` where one of the words is close, else nothing."""
    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def is_selector(name: str) -> bool:
    """Whether a name stands for whoever fits when the fault comes."""
    return name.startswith("@")


def is_pattern(name: str) -> bool:
    """Whether a name stands for every host that it fits."""
    return not is_selector(name) and any(c in name for c in "*?[")


def split_selector(name: str) -> tuple[str, str]:
    """A selector's word and what follows it: `("any", "r*")` of `"@any:r*"`.

    Raises `UsageError` for one that there is none of.
    """
    word, _, rest = name[1:].partition(":")
    if word not in WORDS:
        known = ", ".join(f"@{known}" for known in WORDS)
        hint = near(word, WORDS).replace("mean ", "mean @")
        raise UsageError(f"there is no selector {name!r}{hint or f'; there are {known}'}")
    if word == "where" and not all("=" in part for part in rest.split(",")):
        raise UsageError(f"{name!r} says no state: write @where:role=primary")
    if rest and not WORDS[word]:
        raise UsageError(f"{name!r}: nothing may follow @{word}")
    return word, rest


def as_names(owner: str, field: str, value: Any, *, empty: bool = False) -> tuple[str, ...]:
    """A field's hosts as a tuple of texts. Raises `FieldError` where they are none."""
    if isinstance(value, str):
        value = (value,)
    elif isinstance(getattr(value, "name", None), str):
        value = (value.name,)
    if isinstance(value, set | frozenset) or not isinstance(value, Iterable):
        raise FieldError(owner, field, f"give names of hosts, and not {value!r}")
    names: tuple[Any, ...] = tuple(getattr(item, "name", item) for item in value)
    for name in names:
        if not isinstance(name, str) or not name:
            raise FieldError(owner, field, f"give names of hosts; {name!r} is none")
        if is_selector(name):
            try:
                split_selector(name)
            except UsageError as error:
                raise FieldError(owner, field, str(error)) from None
    if not names and not empty:
        raise FieldError(owner, field, "give a host or more; it is empty")
    return names


def member(name: str, patterns: Names) -> bool:
    """Whether one of the names or patterns means this host."""
    for pattern in patterns:
        # Asked for every link whenever a fault comes or goes; most names are no patterns.
        if pattern == name or (_WILD(pattern) and fnmatchcase(name, pattern)):
            return True
    return False


def flat(value: Any) -> list[str]:
    """Every text in tuples of tuples."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [name for item in value for name in flat(item)]
    return []
