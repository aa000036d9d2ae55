"""Owns `cloud.random`: the scenario's own streams of randomness, and its knobs."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from minicloud.cloud.script import Drawn, Script
from minicloud.errors import UsageError
from minicloud.kernel.entropy import Entropy, Stream

__all__ = ["Chance"]

T = TypeVar("T")


class Chance(Stream):
    """A stream of the scenario's own, which makes further ones by name."""

    __slots__ = ("_drawn", "_entropy", "_script")

    def __init__(self, entropy: Entropy, script: Script, drawn: Drawn) -> None:
        super().__init__(("scenario",), entropy.draw("scenario"))
        self._entropy = entropy
        self._script = script
        self._drawn = drawn

    def stream(self, name: str) -> Stream:
        """A stream of that name; the same name is the same stream, and moves no other."""
        return self._entropy.stream("scenario", name)

    def knob(self, name: str, *choices: T) -> T:
        """One of the choices, drawn from the seed: a number of nodes, a timeout, a rule.

        A run keeps its knobs, so that a sweep can say with which of them it fails. The same name
        gives the same value again. Raises `UsageError` where a script dictates none of the choices.
        """
        if not choices:
            raise UsageError(f"cloud.random.knob({name!r}): give its choices, such as 3, 5, 7")
        dictated, knobs = self._script.knobs, self._drawn.knobs
        if name in knobs:
            return _chosen(name, knobs[name], choices, "it was drawn before as")
        if name in dictated:
            value = _chosen(name, dictated[name], choices, "the script says")
        else:
            value = choices[int(self._entropy.draw("knob", name)() * len(choices))]
        knobs[name] = value
        return value


def _chosen(name: str, value: Any, choices: tuple[T, ...], who: str) -> T:
    wanted = _plain(value)
    for choice in choices:
        if _plain(choice) == wanted:
            return choice
    told = ", ".join(map(repr, choices))
    raise UsageError(f"knob {name!r}: {who} {value!r}, and the choices are {told}")


def _plain(value: Any) -> Any:
    """As a file would give it back: a script may have been one."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError):
        return value
