"""Owns questions to an index: which shards are asked, and what makes the answer true."""

from __future__ import annotations

from functools import partial
from typing import Any

from minicloud.protocols.kv import Compare, Get
from minicloud.protocols.kv.ranges import prefix
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.documents.indexes import Keys
from minicloud.services.kv.models.documents.paths import NOTHING, at
from minicloud.services.kv.models.documents.writers import is_document
from minicloud.services.kv.models.keys import encode
from minicloud.services.kv.models.shards import ATTEMPTS, Contended, Shard, Shards, together

__all__ = ["Finder"]

Document = dict[str, Any]


class Finder:
    """Finds the documents whose entries lie in a range.

    by_value: entries stand on the shard of their value, and not on their document's. exact: they
    change in one step with their document. verify: leave out what does not match.
    """

    def __init__(
        self, keys: Keys, shards: Shards, *, by_value: bool, exact: bool, verify: bool
    ) -> None:
        self._keys = keys
        self._shards = shards
        self._by_value = by_value
        self._exact = exact
        self._verify = verify

    async def equal(
        self, field: str, value: Any, limit: int | None, options: Options
    ) -> list[Document]:
        """Those with this value in the field, in the order of ids."""
        home = self._keys.home(field, value)
        shards = [self._shards.home(home)] if self._by_value else self._shards.all
        wanted = encode([value])
        found = await self._ask(shards, prefix(home), limit, options)
        return self._matching(found, field, (wanted, prefix(wanted)[1]), limit)

    async def between(
        self, field: str, first: Any, last: Any, limit: int | None, options: Options
    ) -> list[Document]:
        """Those with a value from `first` on, below `last`, in the order of values, then of ids."""
        bounds = self._keys.range(field, first, last)
        wanted = (
            "" if first is None else encode([first]),
            None if last is None else encode([last]),
        )
        found = await self._ask(self._shards.all, bounds, limit, options)
        return self._matching(found, field, wanted, limit)

    async def _ask(
        self,
        shards: list[Shard],
        bounds: tuple[str, str | None],
        limit: int | None,
        options: Options,
    ) -> list[Document]:
        one = self._snapshot if self._exact else self._look_up
        # Entries that don't match are left out later, so a limit would leave too few.
        most = limit if self._exact else None
        parts = await together([partial(one, shard, bounds, most, options) for shard in shards])
        return [document for part in parts for document in part]

    async def _snapshot(
        self, shard: Shard, bounds: tuple[str, str | None], limit: int | None, options: Options
    ) -> list[Document]:
        """What the index says, and the documents, as they all were at one instant."""
        for _ in range(ATTEMPTS):
            entries = await shard.scan(bounds, limit, options)
            keys = [self._keys.document(value[0]) for _, value in entries]
            if not keys:
                return []
            # the rule: documents that have not changed since the index was read still match it
            assert entries.revision is not None
            since = entries.revision + 1
            held, documents = await shard.transact(
                [Compare(key, "revision", "<", since) for key in keys],
                [Get(key) for key in keys],
                (),
                options,
            )
            if held and None not in documents:
                return documents
        raise Contended(
            f"find: {ATTEMPTS} times a document that the index leads to had changed meanwhile, or "
            "was not there: see repair()"
        )

    async def _look_up(
        self, shard: Shard, bounds: tuple[str, str | None], limit: int | None, options: Options
    ) -> list[Document]:
        """The documents that the index names, as they are now."""
        entries = await shard.scan(bounds, limit, options)
        wanted: dict[str, list[str]] = {}
        for _, value in entries:
            key = self._keys.document(value[0])
            wanted.setdefault(self._shards.home(key).name, []).append(key)
        parts = await together(
            [
                partial(self._shards.named(name).fetch, list(dict.fromkeys(keys)), options)
                for name, keys in wanted.items()
            ]
        )
        return [document for part in parts for document in part if is_document(document)]

    def _matching(
        self, found: list[Document], field: str, wanted: tuple[str, str | None], limit: int | None
    ) -> list[Document]:
        """In order, each once, and only what matches unless nobody is to look."""
        first, last = wanted
        placed: dict[tuple[str, str], Document] = {}
        for document in found:
            value = at(document, field)
            entry = "" if value is NOTHING else encode([value])
            # the rule: an index that is written beside its document may name what doesn't match
            if self._verify and not (entry and first <= entry and (last is None or entry < last)):
                continue
            placed[entry, encode([document["_id"]])] = document
        return [placed[place] for place in sorted(placed)][:limit]
