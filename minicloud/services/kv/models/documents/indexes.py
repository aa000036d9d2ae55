"""Owns what an index says of a document, as keys: one entry for each field that it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from minicloud.errors import UsageError
from minicloud.protocols.kv import Put
from minicloud.protocols.kv.ranges import prefix
from minicloud.services.kv.models.documents.paths import NOTHING, at
from minicloud.services.kv.models.keys import encode

__all__ = ["Entry", "Keys"]


class Entry(msgspec.Struct, frozen=True):
    """That some document has a value in a field. A unique one has no other document's id."""

    key: str
    field: str
    value: Any
    unique: bool
    home: str
    """The text that says which shard it belongs to, where an index has shards of its own."""

    def content(self, _id: Any, token: str = "") -> list[Any]:
        """What stands under its key: whose it is, who wrote it, and the value, to be read aloud."""
        return [_id, token, self.value]

    def put(self, _id: Any) -> Put:
        """What writes it."""
        return Put(self.key, self.content(_id))


class Keys:
    """The keys of one collection: of its documents, and of the entries of its indexes."""

    def __init__(self, name: str, indexes: tuple[str, ...], unique: tuple[str, ...]) -> None:
        self._documents = f"{name}/documents/"
        self._entries = f"{name}/indexes/"
        self.all = prefix(f"{name}/")
        self.unique = dict.fromkeys(unique)
        self.fields = dict.fromkeys([*unique, *indexes])

    def document(self, _id: Any) -> str:
        """The key of the document of that id."""
        return self._documents + encode([_id])

    def is_entry(self, key: str) -> bool:
        """Whether a key of the collection is that of an entry."""
        return key.startswith(self._entries)

    def field_of(self, key: str) -> str:
        """The field that an entry is about, by its key."""
        found = (field for field in self.fields if key.startswith(self._all_of(field)))
        return next(found, "a field that has no index any more:")

    def entry(self, field: str, value: Any, _id: Any) -> Entry:
        """The entry of a field's value. Raises `UsageError` for a value that no index can hold."""
        home = self.home(field, value)
        unique = field in self.unique
        return Entry(home if unique else home + encode([_id]), field, value, unique, home)

    def _all_of(self, field: str) -> str:
        return self._entries + encode([field])

    def home(self, field: str, value: Any) -> str:
        """How the keys of all entries of a value begin."""
        try:
            return self._entries + encode([field, value])
        except UsageError as error:
            raise UsageError(f"an index on {field!r}: {error}") from None

    def entries(self, document: Mapping[str, Any] | None) -> dict[str, Entry]:
        """Every entry that a document should have, by its key."""
        found: dict[str, Entry] = {}
        if document is None:
            return found
        for field in self.fields:
            value = at(document, field)
            if value is not NOTHING:
                entry = self.entry(field, value, document["_id"])
                found[entry.key] = entry
        return found

    def range(self, field: str, first: Any, last: Any) -> tuple[str, str | None]:
        """The bounds of a field's entries, from one value on, below the other; None is open."""
        lowest, highest = prefix(self._all_of(field))
        return (
            lowest if first is None else self.home(field, first),
            highest if last is None else self.home(field, last),
        )
