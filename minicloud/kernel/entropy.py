"""Owns randomness: every stream of a run, derived from (seed, names); knows not what it is used
for.

A stream belongs to a purpose and a subject, such as ("link", "a", "b"), so adding a client
elsewhere does not move the latency of a→b, and removing one fault does not reshuffle the rest.
Names reach the generator through BLAKE2b, never through `hash()`.

The generator is a 128-bit linear congruential one with the multiplier of the PCG family (O'Neill,
"PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms", 2014), of which the
upper 53 bits are used. It is chosen for its size: one integer a stream, where a Mersenne Twister
holds 2.5 KB and a cloud has a stream a link. Streams start at points far apart in the period
because their first state is a hash.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from minicloud.kernel.run import Kernel

__all__ = ["NEUTRAL", "Attached", "Draw", "Entropy", "Lane", "Source", "Stream", "Tape"]

T = TypeVar("T")

Draw = Callable[[], float]
"""Gives the next float in [0, 1). One draw a decision; integers come from it by multiplication."""

Lane = Callable[[float, float], float]
"""What an order of messages does to one directed link: from the draw that decides when a message
arrives, and the share of messages that are not lost, to the draw that is used instead.
"""

NEUTRAL = -1.0
"""What a tape gives where it declines to decide, in a stream that knows it: the schedule's (the
task that was born first is next) and a link's (the message takes the median time and is not lost).
"""

MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645
INCREMENT = 0x5851F42D4C957F2D14057B7EF767814F
MASK = 2**128 - 1
UNIT = 2.0**-53


class Source:
    """A generator: one integer of state. `draw` gives its next float in [0, 1)."""

    __slots__ = ("state", "tape")

    def __init__(self, state: int, tape: Draw | None = None) -> None:
        self.state = state
        self.tape = tape

    def draw(self) -> float:
        """The next float in [0, 1), or what a tape dictates."""
        self.state = state = (self.state * MULTIPLIER + INCREMENT) & MASK
        if self.tape is not None:
            return self.tape()
        return (state >> 75) * UNIT


class Stream:
    """One named stream of decisions. `draw` is the primitive; the rest is inverse CDF of it."""

    __slots__ = ("draw", "names")

    def __init__(self, names: tuple[str, ...], draw: Draw) -> None:
        self.names = names
        self.draw = draw

    def random(self) -> float:
        """A float in [0, 1)."""
        return self.draw()

    def uniform(self, low: float, high: float) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self.draw()

    def integer(self, below: int) -> int:
        """An integer in [0, below)."""
        return int(self.draw() * below)

    def chance(self, probability: float) -> bool:
        """True with the given probability; draws once even where the answer is certain."""
        return self.draw() < probability

    def choice(self, items: Sequence[T]) -> T:
        """One of the items, each as likely as the other."""
        return items[int(self.draw() * len(items))]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Put the items in a random order, in place (Fisher and Yates)."""
        draw = self.draw
        for last in range(len(items) - 1, 0, -1):
            other = int(draw() * (last + 1))
            items[last], items[other] = items[other], items[last]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` distinct items, in the order drawn."""
        pool = list(items)
        self.shuffle(pool)
        return pool[:count]

    def __repr__(self) -> str:
        return f"<Stream {'/'.join(self.names)}>"


class Tape(Protocol):
    """Stands between a stream and its reader: to record decisions, or to dictate them."""

    def wrap(self, names: tuple[str, ...], draw: Draw) -> Draw:
        """Give the source that the stream of these names shall read instead of `draw`."""
        ...


@runtime_checkable
class Attached(Tape, Protocol):
    """A tape that must know the run that it is in: its clock, say."""

    def attach(self, kernel: Kernel) -> None:
        """Take hold of the kernel, before anything has happened."""
        ...


class Entropy:
    """The factory of streams for one run."""

    __slots__ = ("_prefix", "_streams", "_tape", "lanes", "seed")

    def __init__(self, seed: int, tape: Tape | None = None) -> None:
        self.seed = seed
        self.lanes: Callable[[str, str], Lane] | None = None
        """Makes the lane of the link between two hosts, where an order of messages wants lanes."""
        self._prefix = f"minicloud/1/{seed}/".encode()
        self._tape = tape
        self._streams: dict[tuple[str, ...], Stream] = {}

    def key(self, *names: str) -> int:
        """A 64-bit number that depends on the seed and the names, and on nothing else."""
        return self._key(8, names)

    def _key(self, size: int, names: tuple[str, ...]) -> int:
        # The lengths go in too, so ("ab", "c") and ("a", "bc") are different streams.
        path = "".join([f"{len(name)}:{name}" for name in names]).encode()
        return int.from_bytes(blake2b(self._prefix + path, digest_size=size).digest(), "little")

    def source(self, *names: str) -> tuple[int, Draw | None]:
        """What a `Source` of these names is made of: its first state, and its tape if any."""
        state = self._key(16, names)
        if self._tape is None:
            return state, None
        return state, self._tape.wrap(names, Source(state).draw)

    @property
    def taped(self) -> bool:
        """Whether a tape stands between streams and their readers."""
        return self._tape is not None

    def wrap(self, names: tuple[str, ...], draw: Draw) -> Draw:
        """What a reader shall draw from in place of a source of its own making."""
        return draw if self._tape is None else self._tape.wrap(names, draw)

    def lane(self, source: str, target: str) -> Lane | None:
        """The lane of the link between two hosts; None where messages keep their drawn delays."""
        return None if self.lanes is None else self.lanes(source, target)

    def draw(self, *names: str) -> Draw:
        """A new source for the stream of these names, from its beginning."""
        return Source(*self.source(*names)).draw

    def stream(self, *names: str) -> Stream:
        """The stream of these names; the same object for the same names, so it goes on."""
        stream = self._streams.get(names)
        if stream is None:
            stream = self._streams[names] = Stream(names, self.draw(*names))
        return stream
