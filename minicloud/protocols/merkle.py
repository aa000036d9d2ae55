"""Owns hash trees over a table of keys: two replicas find where they differ without reading it all.

Merkle's tree ("A Digital Signature Based on a Conventional Encryption Function", CRYPTO 1987) as
Dynamo uses it (SOSP 2007, section 4.7): the keys are dealt to ranges by their hash, a range's
digest is that of its keys and of what is held under them, and above it each digest is that of the
`fanout` below. Equal roots: equal tables. Otherwise only the children of what differs are compared.
Knows no message: whoever exchanges levels counts what that costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.ring import place_of

__all__ = ["Difference", "Merkle", "compare"]

_EMPTY = b""
"""The digest of a range without keys, and of a node without such ranges: it need not travel."""


class Difference(msgspec.Struct, frozen=True):
    """What a comparison of two trees found, and what it took."""

    ranges: tuple[int, ...]
    """Ranges of keys whose content differs."""
    rounds: int
    """How often one side said its digests and heard which of them differ."""
    digests: int
    """How many digests were said."""
    bytes: int
    """Their size, eight bytes each, and eight for each number of a node."""


class Merkle:
    """A hash tree over what one replica holds: `put` and `drop` are O(1), digests made when asked.

    fanout ** depth ranges; level 0 is the root, level `depth` the ranges.
    """

    __slots__ = ("_fanout", "_leaves", "_levels", "_stale", "depth", "hashes")

    def __init__(self, *, fanout: int = 16, depth: int = 3) -> None:
        if fanout < 2 or depth < 1:
            raise UsageError(
                f"Merkle(fanout={fanout!r}, depth={depth!r}): give a fan-out from 2 and a depth "
                "from 1"
            )
        self._fanout = fanout
        self.depth = depth
        self._leaves: dict[int, dict[str, bytes]] = {}
        self._levels: list[dict[int, bytes]] = [{} for _ in range(depth + 1)]
        self._stale: dict[int, None] = {}
        self.hashes = 0
        """How many digests were computed so far."""

    def range_of(self, key: str) -> int:
        """Which range a key belongs to."""
        ranges: int = self._fanout**self.depth
        return place_of(key) % ranges

    def put(self, key: str, stamp: bytes) -> None:
        """What is held under the key now: bytes that are equal where it is."""
        leaf = self.range_of(key)
        self._leaves.setdefault(leaf, {})[key] = stamp
        self._stale[leaf] = None

    def drop(self, key: str) -> None:
        """Nothing is held under the key any more."""
        leaf = self.range_of(key)
        if self._leaves.get(leaf, {}).pop(key, None) is not None:
            self._stale[leaf] = None

    def keys(self, leaf: int) -> list[str]:
        """The keys of a range, in order."""
        return sorted(self._leaves.get(leaf, ()))

    # What one side says, and what the other makes of it.

    def root(self) -> dict[int, bytes]:
        """What to say first: the digest of all."""
        self._refresh()
        return {0: self._levels[0].get(0, _EMPTY)}

    def below(self, level: int, nodes: Iterable[int]) -> dict[int, bytes]:
        """What to say next: the digests of the children of nodes of a level, all of them."""
        self._refresh()
        digests = self._levels[level + 1]
        return {child: digests.get(child, _EMPTY) for node in nodes for child in self._below(node)}

    def differing(self, level: int, theirs: Mapping[int, bytes]) -> list[int]:
        """Which nodes of a level have another digest here than there."""
        self._refresh()
        mine = self._levels[level]
        return [node for node, digest in theirs.items() if mine.get(node, _EMPTY) != digest]

    # Digests.

    def _below(self, node: int) -> range:
        return range(node * self._fanout, (node + 1) * self._fanout)

    def _refresh(self) -> None:
        """Compute the digests above what has changed, and no others."""
        stale, self._stale = self._stale, {}
        for leaf in stale:
            held = self._leaves[leaf]
            self._set(
                self.depth,
                leaf,
                [part for key in sorted(held) for part in (key.encode(), held[key])],
            )
        for level in range(self.depth - 1, -1, -1):
            stale = dict.fromkeys(node // self._fanout for node in stale)
            below = self._levels[level + 1]
            for node in stale:
                self._set(level, node, [below.get(c, _EMPTY) for c in self._below(node)])

    def _set(self, level: int, node: int, parts: list[bytes]) -> None:
        if any(parts):
            self._levels[level][node] = _digest(parts)
            self.hashes += 1
        else:
            self._levels[level].pop(node, None)


def _digest(parts: Iterable[bytes]) -> bytes:
    """Eight bytes; each part with its length, so that no two lists run together to the same."""
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big"))
        digest.update(part)
    return digest.digest()


def compare(one: Merkle, other: Merkle) -> Difference:
    """Where two trees of one shape differ, found by exchanging levels from the root down."""
    saying, rounds, digests = one.root(), 0, 0
    for level in range(one.depth + 1):
        rounds += 1
        digests += len(saying)
        differing = other.differing(level, saying)
        if not differing or level == one.depth:
            break
        saying = one.below(level, differing)
    return Difference(tuple(differing), rounds, digests, 16 * digests)
