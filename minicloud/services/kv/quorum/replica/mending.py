"""Owns anti-entropy: two replicas find what the other lacks by their hash trees, and exchange it.

As in Dynamo (SOSP 2007, section 4.7): a tree for each peer, over the keys that both hold. Levels
are compared from the root down, then the versions of the keys in the ranges that differ, and only
values that one of the two lacks travel. What is cut off in the middle was right as far as it went.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minicloud.errors import CallError
from minicloud.node.messages.message import Message, encode
from minicloud.node.node import Node
from minicloud.protocols.conflicts import Conflicts, LastWrite
from minicloud.protocols.merkle import Merkle
from minicloud.protocols.versions import NOTHING, Held
from minicloud.services.kv.quorum.messages import Deliver, Difference, Digests, Found, Versions
from minicloud.services.kv.quorum.replica.shelf import Shelf

__all__ = ["Mending", "Owners"]

Owners = Callable[[str], tuple[str, ...]]
"""The replicas of a key."""

_RANGES = 64
"""Ranges whose versions travel in one message."""


class Mending:
    """One replica's trees, and its end of every comparison.

    A tree is made when it is first asked for, and kept up to date from then on.
    """

    def __init__(
        self,
        node: Node,
        shelf: Shelf,
        policy: Conflicts,
        owners: Owners | None,
    ) -> None:
        self._node = node
        self._shelf = shelf
        self._ordered = isinstance(policy, LastWrite)
        self._owners = owners
        """None where every replica holds every key; then one tree serves for all peers."""
        self._trees: dict[str, Merkle] = {}
        self.done = Difference()
        """What all comparisons that this incarnation began came to."""
        shelf.changed = self._changed

    # Trees.

    def _tree(self, peer: str) -> Merkle:
        name = "" if self._owners is None else peer
        if name not in self._trees:
            self._trees[name] = tree = Merkle()
            for key, held in self._shelf.table.items():
                if name in self._shared(key):
                    tree.put(key, encode(held.version))
        return self._trees[name]

    def _shared(self, key: str) -> Iterable[str]:
        """The names of the trees that a key belongs to."""
        return ("",) if self._owners is None else self._owners(key)

    def _changed(self, key: str, held: Held | None) -> None:
        if not self._trees:
            return
        for name in self._shared(key):
            tree = self._trees.get(name)
            if tree is not None and held is None:
                tree.drop(key)
            elif tree is not None and held is not None:
                tree.put(key, encode(held.version))

    def _versions(self, tree: Merkle, ranges: Iterable[int]) -> dict[str, Any]:
        return {key: self._shelf.table[key].version for r in ranges for key in tree.keys(r)}

    # Who is asked.

    def differing(self, request: Digests, sender: str) -> list[int]:
        """Which of the sender's digests are others here."""
        return self._tree(sender).differing(request.level, dict(request.digests))

    def found(self, request: Versions, sender: str) -> Found:
        """What the sender lacks, and what is lacking here."""
        mine = self._versions(self._tree(sender), request.ranges)
        found, wanted = {}, []
        for key in {**request.versions, **mine}:
            ours, theirs = (
                mine.get(key, NOTHING.version),
                request.versions.get(key, NOTHING.version),
            )
            if ours != theirs:
                # One order of versions says who is behind; else each tells the other all.
                if key in mine and not (self._ordered and ours < theirs):
                    found[key] = self._shelf.table[key]
                if key in request.versions and not (self._ordered and ours > theirs):
                    wanted.append(key)
        return Found(found, wanted)

    # Who asks.

    async def mend(self, peer: str, *, timeout: float) -> Difference:
        """Compare all that is shared with a peer, and exchange what differs.

        timeout: seconds for each message. What is cut short counts in `missed`.
        """
        talk = _Talk(self._node, peer, timeout)
        tree = self._tree(peer)
        before, ranges, keys, missed = tree.hashes, 0, 0, 0
        try:
            differing = await self._descend(talk, tree)
            ranges = len(differing)
            for i in range(0, ranges, _RANGES):
                keys += await self._exchange(talk, tree, differing[i : i + _RANGES])
        except CallError:
            missed = 1
        result = Difference(1, missed, ranges, keys, talk.bytes, tree.hashes - before)
        self.done += result
        if keys or missed:
            self._node.show(repaired=self.done.keys, ranges=self.done.ranges, bytes=self.done.bytes)
        return result

    async def _descend(self, talk: _Talk, tree: Merkle) -> list[int]:
        """From the root down to the ranges that differ."""
        digests, differing = tree.root(), [0]
        for level in range(tree.depth + 1):
            differing = await talk.ask(Digests(level, list(digests.items())))
            if not differing or level == tree.depth:
                break
            digests = tree.below(level, differing)
        return differing

    async def _exchange(self, talk: _Talk, tree: Merkle, ranges: list[int]) -> int:
        """Take what is new there, and deliver what is new here; how many values travelled."""
        said = await talk.ask(Versions(ranges, self._versions(tree, ranges)))
        self._shelf.keep_all(said.found)
        table = self._shelf.table
        mine = {key: table[key] for key in said.wanted if key in table}
        if mine:
            await talk.ask(Deliver(mine))
        return len(said.found) + len(mine)


class _Talk:
    """The messages of one comparison, and their size."""

    def __init__(self, node: Node, peer: str, timeout: float) -> None:
        self._node = node
        self._peer = peer
        self._timeout = timeout
        self.bytes = 0

    async def ask(self, request: Any) -> Any:
        """Send a request and wait for the answer."""
        answer = await self._node.call(self._peer, request, timeout=self._timeout)
        self.bytes += _size(request) + _size(answer)
        return answer


def _size(what: Message | object) -> int:
    return len(encode(what))
