"""Owns what becomes of two changes of one document at once: three ways, of which one always works.

By version: a change is tried again on top of what others have written. By field: each field is a
value of its own in a store that merges. As a whole: the document is read, changed and put back, and
what was written in between is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from minicloud.errors import Refused
from minicloud.services.kv.client import NotDone
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.documents.indexes import Keys
from minicloud.services.kv.models.documents.paths import Blocked, changed, flat, nested
from minicloud.services.kv.models.documents.writers import Duplicate, Step, Writer, is_document
from minicloud.services.kv.models.shards import ATTEMPTS, Contended, Shard, Shards, partly

__all__ = ["ByField", "ByVersion", "Keeper", "Whole"]

Document = dict[str, Any]


class Keeper(Protocol):
    """A way to keep documents. Whatever changes a document gives it as it is then, or None."""

    async def get(self, _id: Any, options: Options) -> Document | None:
        """The document."""
        ...

    async def insert(self, document: Document, options: Options) -> None:
        """A new one. Raises `Duplicate`."""
        ...

    async def update(
        self, _id: Any, changes: Mapping[str, Any], unset: Iterable[str], options: Options
    ) -> Document | None:
        """Other values in some fields."""
        ...

    async def replace(self, _id: Any, document: Document, options: Options) -> Document | None:
        """Another document in its place."""
        ...

    async def delete(self, _id: Any, options: Options) -> Document | None:
        """No document; gives what it was."""
        ...


def _changed(document: Document, changes: Mapping[str, Any], unset: Iterable[str]) -> Document:
    try:
        return changed(document, changes, unset)
    except Blocked as error:
        raise NotDone(f"{document['_id']!r}: {error}") from None


class _Placed:
    """What all of them share: where a document stands."""

    def __init__(self, keys: Keys, shards: Shards) -> None:
        self._keys = keys
        self._shards = shards

    def _place(self, _id: Any) -> tuple[Shard, str]:
        key = self._keys.document(_id)
        return self._shards.home(key), key


class ByVersion(_Placed):
    """A change is a function of the document, tried until nobody was faster."""

    def __init__(self, keys: Keys, shards: Shards, writer: Writer) -> None:
        super().__init__(keys, shards)
        self._writer = writer

    async def get(self, _id: Any, options: Options) -> Document | None:
        """One read."""
        shard, key = self._place(_id)
        value = await shard.get(key, options)
        return value if is_document(value) else None

    async def insert(self, document: Document, options: Options) -> None:
        """Written only where there is none."""
        shard, key = self._place(document["_id"])
        version = 0
        for _ in range(ATTEMPTS):
            if await self._writer.write(Step(shard, key, version, None, document), options):
                return
            value, version = await shard.read(key, options)
            if is_document(value):
                raise Duplicate(f"there is a document {document['_id']!r}")
        raise Contended(f"insert({document['_id']!r}): others tried the same all the time")

    async def update(
        self, _id: Any, changes: Mapping[str, Any], unset: Iterable[str], options: Options
    ) -> Document | None:
        """On top of what is there when it is written."""
        return await self._change(_id, lambda old: _changed(old, changes, unset), options)

    async def replace(self, _id: Any, document: Document, options: Options) -> Document | None:
        """Whatever is there."""
        return await self._change(_id, lambda _: document, options)

    async def delete(self, _id: Any, options: Options) -> Document | None:
        """Whatever is there."""
        return await self._change(_id, lambda _: None, options)

    async def _change(
        self, _id: Any, change: Callable[[Document], Document | None], options: Options
    ) -> Document | None:
        shard, key = self._place(_id)
        for _ in range(ATTEMPTS):
            old, version = await shard.read(key, options)
            if not is_document(old):
                return None
            new = change(old)
            # the rule: what was written since it was read is neither overwritten nor forgotten
            if await self._writer.write(Step(shard, key, version, old, new), options):
                return old if new is None else new
        raise Contended(f"{_id!r}: others changed the document {ATTEMPTS} times meanwhile")


class Whole(_Placed):
    """Read, change, put back: whoever puts last has written the whole document."""

    async def get(self, _id: Any, options: Options) -> Document | None:
        """One read."""
        shard, key = self._place(_id)
        found: Document | None = await shard.get(key, options)
        return found

    async def insert(self, document: Document, options: Options) -> None:
        """Written where none is seen."""
        if await self.get(document["_id"], options) is not None:
            raise Duplicate(f"there is a document {document['_id']!r}")
        await self._put(document["_id"], document, options)

    async def update(
        self, _id: Any, changes: Mapping[str, Any], unset: Iterable[str], options: Options
    ) -> Document | None:
        """On top of what was there when it was read."""
        old = await self.get(_id, options)
        new = None if old is None else _changed(old, changes, unset)
        return None if new is None else await self._put(_id, new, options)

    async def replace(self, _id: Any, document: Document, options: Options) -> Document | None:
        """Whatever is there."""
        if await self.get(_id, options) is None:
            return None
        return await self._put(_id, document, options)

    async def delete(self, _id: Any, options: Options) -> Document | None:
        """Whatever is there."""
        old = await self.get(_id, options)
        shard, key = self._place(_id)
        if old is not None:
            await shard.delete(key, options)
        return old

    async def _put(self, _id: Any, document: Document, options: Options) -> Document:
        shard, key = self._place(_id)
        await shard.put(key, document, options)
        return document


class ByField(_Placed):
    """Each field is a field of a map that merges; a document is a map that has the field `_id`.

    Fields are written one by one, so a document can be seen, and left, half changed.
    """

    async def get(self, _id: Any, options: Options) -> Document | None:
        """One read."""
        fields = await self._fields(_id, options)
        return nested(fields) if "_id" in fields else None

    async def insert(self, document: Document, options: Options) -> None:
        """Written where none is seen."""
        if "_id" in await self._fields(document["_id"], options):
            raise Duplicate(f"there is a document {document['_id']!r}")
        fields = flat(document)
        # Last what makes it a document: who sees that sees all of it, where order is kept.
        fields["_id"] = fields.pop("_id")
        await self._write(document["_id"], fields, (), options)

    async def update(
        self, _id: Any, changes: Mapping[str, Any], unset: Iterable[str], options: Options
    ) -> Document | None:
        """These fields, and no others."""
        fields = await self._fields(_id, options)
        if "_id" not in fields:
            return None
        old = nested(fields)
        new = flat(_changed(old, changes, unset))
        # the rule: what was not to change is not written, though another value may be there by now
        said = [*changes, *unset]
        wanted = {path: value for path, value in new.items() if _within(path, said)}
        gone = [path for path in fields if path not in new and _related(path, said)]
        await self._write(_id, wanted, gone, options)
        left = {path: value for path, value in fields.items() if path not in gone}
        return nested({**left, **wanted})

    async def replace(self, _id: Any, document: Document, options: Options) -> Document | None:
        """Every field, whatever is there."""
        fields, new = await self._fields(_id, options), flat(document)
        if "_id" not in fields:
            return None
        await self._write(_id, new, [path for path in fields if path not in new], options)
        return document

    async def delete(self, _id: Any, options: Options) -> Document | None:
        """Every field that is seen, `_id` first: then there is no document any more."""
        fields = await self._fields(_id, options)
        await self._write(_id, {}, sorted(fields, key=lambda path: path != "_id"), options)
        return nested(fields) if "_id" in fields else None

    async def _fields(self, _id: Any, options: Options) -> dict[str, Any]:
        shard, key = self._place(_id)
        return await shard.get(key, options) or {}

    async def _write(
        self, _id: Any, fields: Mapping[str, Any], gone: Iterable[str], options: Options
    ) -> None:
        shard, key = self._place(_id)
        done = 0
        try:
            for path in gone:
                await shard.drop_field(key, path, options)
                done += 1
            for path, value in fields.items():
                await shard.set_field(key, path, value, options)
                done += 1
        except Refused as error:
            raise partly(error, first=not done) from None


def _within(path: str, wider: Iterable[str]) -> bool:
    return any(path == one or path.startswith(one + ".") for one in wider)


def _related(path: str, others: Iterable[str]) -> bool:
    return any(_within(path, [one]) or _within(one, [path]) for one in others)
