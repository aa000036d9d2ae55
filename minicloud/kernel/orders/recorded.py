"""Owns tapes as data: what a run decided, or what it shall decide, in JSON and back.

`tape_of(data)` makes a live tape of any of them, and a live tape serves one run. `Script.tape` and
files hold them as `as_dict(data)`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.entropy import Draw, Tape
from minicloud.kernel.orders.choices import Chooser, Deviation
from minicloud.kernel.orders.tapes import NEUTRAL_KINDS, Names, Neutral, Splice, Stack

__all__ = [
    "SCHEMA",
    "AnyTape",
    "Chosen",
    "Keep",
    "Kept",
    "Recorded",
    "Recording",
    "Replaying",
    "Spliced",
    "Track",
    "as_dict",
    "read_tape",
    "staleness",
    "tape_of",
]

SCHEMA = 1


class _Data(msgspec.Struct, frozen=True, tag_field="tape", forbid_unknown_fields=True):
    schema: int = SCHEMA


class Track(msgspec.Struct, frozen=True):
    """What one stream gave, in order. Each number is in [0, 1), or below 0 where it was neutral."""

    names: Names
    draws: tuple[float, ...]

    @property
    def label(self) -> str:
        """The stream in words: `link a b`."""
        return " ".join(self.names)


class Recorded(_Data, frozen=True, tag="recorded"):
    """Every decision of a run. `order` is the one it ran under, and must be replayed under."""

    order: str = "random"
    tracks: tuple[Track, ...] = ()


class Keep(msgspec.Struct, frozen=True):
    """Decisions of one stream, as ranges from a number up to below another."""

    names: Names
    ranges: tuple[tuple[int, int], ...]


class Kept(_Data, frozen=True, tag="kept"):
    """Decisions that stay where all others of those kinds are neutral: a `Neutral` tape."""

    keep: tuple[Keep, ...] = ()
    kinds: tuple[str, ...] = NEUTRAL_KINDS


class Spliced(_Data, frozen=True, tag="spliced"):
    """Another seed from a virtual time on, in nanoseconds: a `Splice` tape."""

    at_ns: int = 0
    seed: int = 0


class Chosen(_Data, frozen=True, tag="chosen"):
    """Deviations from the default choices: a `Chooser`, of a run of order "fifo"."""

    deviations: tuple[Deviation, ...] = ()


AnyTape = Recorded | Kept | Spliced | Chosen


class Recording:
    """Writes down what every stream gives and changes nothing.

    As the last of a `Stack` it writes what the tapes before it made of the decisions.
    """

    def __init__(self) -> None:
        self._tracks: list[tuple[Names, list[float]]] = []

    def wrap(self, names: Names, draw: Draw) -> Draw:
        draws: list[float] = []
        self._tracks.append((names, draws))

        def recorded() -> float:
            value = draw()
            draws.append(value)
            return value

        return recorded

    def data(self, order: str = "random") -> Recorded:
        """What was decided so far, in a run under that order."""
        return Recorded(
            order=order,
            tracks=tuple(Track(names, tuple(draws)) for names, draws in self._tracks if draws),
        )


class Replaying:
    """Dictates what a tape says. Where the tape does not fit, the run goes on with its own draws.

    `stale` says in a sentence where that was first, and is None while the tape fits. Once the run
    is over, `unread` counts the decisions that nobody asked for: another sign of a stale tape.
    """

    def __init__(self, recorded: Recorded) -> None:
        self.stale: str | None = None
        self._left: dict[Names, list[Track]] = {}
        for track in recorded.tracks:
            self._left.setdefault(track.names, []).append(track)
        self._total = sum(len(track.draws) for track in recorded.tracks)
        self._read = 0

    @property
    def unread(self) -> int:
        """Decisions on the tape that have not been asked for."""
        return self._total - self._read

    def wrap(self, names: Names, draw: Draw) -> Draw:
        # Streams may share names (each boot of a node has its own): they come in the same order.
        # A stream that gave nothing has no track, so a missing one is missed at its first draw.
        track: Track | None = None
        number = 0

        def replayed() -> float:
            nonlocal track, number
            drawn = draw()
            if track is None:
                left = self._left.get(names)
                if not left:
                    self._complain(f"stream {' '.join(names)!r} is not on the tape")
                    return drawn
                track = left.pop(0)
            if number == len(track.draws):
                self._complain(f"the tape has {number} decisions of {track.label!r}, not more")
                return drawn
            number += 1
            self._read += 1
            return track.draws[number - 1]

        return replayed

    def _complain(self, what: str) -> None:
        if self.stale is None:
            self.stale = f"stale: {what}; the code has changed since"


def tape_of(data: AnyTape) -> Tape:
    """A live tape for one run."""
    if isinstance(data, Recorded):
        return Replaying(data)
    if isinstance(data, Spliced):
        return Splice(data.at_ns, data.seed)
    if isinstance(data, Chosen):
        return Chooser(data.deviations)
    keep = {
        each.names: frozenset(n for first, end in each.ranges for n in range(first, end))
        for each in data.keep
    }
    return Neutral(keep, data.kinds)


def staleness(tape: Tape | None) -> str | None:
    """After a run: where the tape did not fit it, in a sentence; None where it did."""
    if isinstance(tape, Stack):
        return next(filter(None, map(staleness, tape.tapes)), None)
    if not isinstance(tape, Replaying | Chooser):
        return None
    if tape.stale is None and tape.unread:
        return f"stale: the run ended before {tape.unread} decisions of its tape"
    return tape.stale


def as_dict(data: AnyTape) -> dict[str, Any]:
    """A tape as JSON has it."""
    plain: dict[str, Any] = msgspec.to_builtins(data)
    return plain


def read_tape(plain: object) -> AnyTape:
    """The tape that JSON holds, decoded. Raises `UsageError` where it is none."""
    try:
        data: AnyTape = msgspec.convert(plain, AnyTape)
    except msgspec.ValidationError as error:
        raise UsageError(f"This is no tape: {error}. Give what as_dict() wrote") from None
    if data.schema != SCHEMA:
        raise UsageError(
            f"A tape of schema {data.schema}, and this minicloud reads {SCHEMA}: record it anew"
        )
    return data
