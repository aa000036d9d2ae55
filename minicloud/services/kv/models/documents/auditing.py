"""Owns the comparison of indexes with documents, and what sets them right."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from minicloud.protocols.kv import Compare, Delete, Put
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.documents.indexes import Entry, Keys
from minicloud.services.kv.models.documents.writers import Writer, is_document
from minicloud.services.kv.models.shards import Shard, Shards, together

__all__ = ["Audit", "Auditor"]

Document = dict[str, Any]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, in words: entries too many, entries too few, values that are not unique.

    Each shard is read at one instant, several of them one beside the other.
    """

    documents: int
    entries: int
    stale: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether indexes say exactly what documents do."""
        return not (self.stale or self.missing or self.duplicates)


class _Seen(msgspec.Struct):
    """All that the shards hold: documents and entries by key, each with its shard."""

    documents: dict[str, tuple[Shard, Document]]
    entries: dict[tuple[str, str], tuple[Shard, Any]]


class _Wrong(msgspec.Struct):
    """Entries too many, each with its shard; entries that documents lack; values of several."""

    stale: list[tuple[Shard, str, Any]]
    missing: list[tuple[Shard, Document, Entry]]
    double: list[tuple[Entry, list[Any]]]


class Auditor:
    """Looks at all of a collection."""

    def __init__(self, keys: Keys, shards: Shards, writer: Writer) -> None:
        self._keys = keys
        self._shards = shards
        self._writer = writer

    async def audit(self, options: Options) -> Audit:
        """What is, against what should be."""
        seen = await self._look(options)
        return self._told(seen, self._wrong(seen))

    async def repair(self, options: Options) -> Audit:
        """The same, and then take away what is too much, and add what is too little."""
        seen = await self._look(options)
        wrong = self._wrong(seen)
        for shard, key, value in wrong.stale:
            await self._take_away(shard, key, value, options)
        for shard, document, entry in wrong.missing:
            await self._add(shard, document, entry, options)
        return self._told(seen, wrong)

    # Looking.

    async def _look(self, options: Options) -> _Seen:
        shards = self._shards.all
        scans = await together(
            [partial(shard.scan, self._keys.all, None, options) for shard in shards]
        )
        seen = _Seen({}, {})
        for shard, pairs in zip(shards, scans, strict=True):
            for key, value in pairs:
                if self._keys.is_entry(key):
                    seen.entries[shard.name, key] = shard, value
                elif is_document(value):
                    seen.documents[key] = shard, value
        return seen

    def _wrong(self, seen: _Seen) -> _Wrong:
        right: dict[tuple[str, str], list[Any]] = {}
        missing, wanted = [], {}
        for shard, document in seen.documents.values():
            for entry in self._keys.entries(document).values():
                place = self._writer.home(shard, entry).name, entry.key
                right.setdefault(place, []).append(document["_id"])
                wanted[place] = entry
                if place not in seen.entries:
                    missing.append((shard, document, entry))
        stale = [
            (shard, place[1], value)
            for place, (shard, value) in seen.entries.items()
            if value[0] not in right.get(place, ())
        ]
        double = [(wanted[place], ids) for place, ids in right.items() if len(ids) > 1]
        return _Wrong(stale, missing, double)

    def _told(self, seen: _Seen, wrong: _Wrong) -> Audit:
        return Audit(
            documents=len(seen.documents),
            entries=len(seen.entries),
            stale=tuple(
                f"{self._keys.field_of(key)} {value[2]!r} leads to {value[0]!r}, and should not"
                for _, key, value in wrong.stale
            ),
            missing=tuple(
                f"{entry.field} {entry.value!r} of {document['_id']!r} is in no index"
                for _, document, entry in wrong.missing
            ),
            duplicates=tuple(
                f"{entry.field} {entry.value!r} belongs to {' and '.join(map(repr, ids))}"
                for entry, ids in wrong.double
            ),
        )

    # Setting right.

    async def _take_away(self, shard: Shard, key: str, value: Any, options: Options) -> None:
        """Delete an entry, unless somebody is just making it true.

        Whoever relies on it later writes it again, with a token of their own; whoever relies on it
        now has read a version of the document that ends here.
        """
        document_key = self._keys.document(value[0])
        home = self._shards.home(document_key)
        document, version = await home.read(document_key, options)
        if is_document(document) and key in self._keys.entries(document):
            return
        unchanged = Compare(document_key, "revision", "==", version)
        # the rule: an attempt that counts on this entry must fail before the entry goes
        fence: list[Put | Delete] = []
        if document is not None:
            whole = is_document(document)
            fence.append(Put(document_key, document) if whole else Delete(document_key))
        if home is shard:
            same = Compare(key, "value", "==", value)
            await home.transact([unchanged, same], [*fence, Delete(key)], (), options)
            return
        held, _ = await home.transact([unchanged], fence, (), options)
        if held:
            await shard.cas(key, value, None, options)

    async def _add(self, shard: Shard, document: Document, entry: Entry, options: Options) -> None:
        """Add an entry, if the document is still the one that lacks it."""
        document_key = self._keys.document(document["_id"])
        home = self._writer.home(shard, entry)
        when = [Compare(entry.key, "revision", "==", 0)]
        if home is shard:
            when.append(Compare(document_key, "value", "==", document))
        content = entry.content(document["_id"], self._shards.token())
        await home.transact(when, [Put(entry.key, content)], (), options)
