"""Owns `Documents`: a collection of documents with indexes, as its user sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Unpack, get_args

from minicloud.errors import UsageError
from minicloud.services.kv.client import KvClient
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.documents.auditing import Audit, Auditor
from minicloud.services.kv.models.documents.finding import Finder
from minicloud.services.kv.models.documents.indexes import Keys
from minicloud.services.kv.models.documents.keepers import ByField, ByVersion, Keeper, Whole
from minicloud.services.kv.models.documents.paths import complain, complain_of_paths
from minicloud.services.kv.models.documents.writers import Apart, Lagging, Together, Writer
from minicloud.services.kv.models.shards import Shards, complain_of_name

__all__ = ["Documents"]

Index = Literal["local", "global"]
Merge = Literal["version", "field", "document"]


class Documents:
    """A collection of documents, as in MongoDB: dicts of plain data, each with an `_id`.

        users = kv.Documents(store.client("app"), "users", indexes=["address.city"])
        ada = await users.insert({"name": "Ada", "address": {"city": "London"}})
        await users.update(ada, set={"address.city": "Turin"}, unset=["name"])
        await users.find("address.city", "Turin")

    Every call takes a client's options, such as `timeout=`, and raises what its requests raise:
    after `OutcomeUnknown` the change may have happened, or may still.

    clients: of the store; or of several, each for one shard. A ring says which documents it holds.
    indexes: fields that can be searched. unique: the same, with each value in one document only;
        on one store. A document without the field is in no index, None is a value.
    index: where several stores keep entries: "local", each its own documents', so all are asked;
        "global", each certain values', so one is asked.
    merge: what becomes of two changes at once. "version": the later is made on top of the earlier;
        needs a store with transactions. "field": each field is a value of its own, for a store with
        `conflicts="lww-map"` or `"or-map"`. "document": the document is read, changed and put back,
        for any store; what was written meanwhile is lost. Only "version" has indexes.

    One rule each, to switch off and see what it is for:

    index_in_transaction: an index changes in one step with its document; where they are on two
        stores, it says too much sooner than too little. Without it, it follows later.
    verify_reads: what an index that may say too much names is looked at before it is given.
    """

    def __init__(
        self,
        clients: KvClient | Sequence[KvClient],
        name: str,
        *,
        indexes: Iterable[str] = (),
        unique: Iterable[str] = (),
        index: Index = "local",
        merge: Merge = "version",
        index_in_transaction: bool = True,
        verify_reads: bool = True,
    ) -> None:
        complain_of_name(name, "kv.Documents")
        for field, value, words in (("index", index, Index), ("merge", merge, Merge)):
            if value not in get_args(words):
                choices = ", ".join(get_args(words))
                raise UsageError(f"kv.Documents: {field}={value!r}: give one of {choices}")
        self.name = name
        self._shards = shards = Shards(clients, "kv.Documents")
        self._keys = keys = _keys(name, indexes, unique)
        if merge != "version" and keys.fields:
            raise UsageError(f'kv.Documents: merge={merge!r} has no indexes: only "version" has')
        if shards.several and keys.unique:
            raise UsageError(
                "kv.Documents: unique= over several stores needs a transaction over them: make it "
                "the _id, which has one store, or use one store"
            )
        by_value = shards.several and index == "global"
        writer: Writer = Together(keys)
        if not index_in_transaction:
            writer = Lagging(keys, shards, by_value=by_value)
        elif by_value:
            writer = Apart(keys, shards)
        self._keeper: Keeper = ByVersion(keys, shards, writer)
        if merge != "version":
            self._keeper = (ByField if merge == "field" else Whole)(keys, shards)
        exact = isinstance(writer, Together)
        self._finder = Finder(
            keys, shards, by_value=by_value, exact=exact, verify=verify_reads and not exact
        )
        self._auditor = Auditor(keys, shards, writer)

    @property
    def calls(self) -> int:
        """How many requests to stores it has taken so far."""
        return self._shards.calls

    # One document.

    async def insert(self, document: Mapping[str, Any], **options: Unpack[Options]) -> Any:
        """Add a document, and give its `_id`: its own, or a new one, later ones above earlier ones.

        Raises `Duplicate` where its id, or a value that must be unique, is taken.
        """
        complain(document, f"{self.name}.insert")
        new = dict(document)
        if new.setdefault("_id", None) is None:
            new["_id"] = self._new_id()
        self._checked(new)
        await self._keeper.insert(new, options)
        return new["_id"]

    async def get(self, _id: Any, **options: Unpack[Options]) -> dict[str, Any] | None:
        """The document of that id, or None."""
        return await self._keeper.get(_id, options)

    async def update(
        self,
        _id: Any,
        *,
        set: Mapping[str, Any] | None = None,  # noqa: A002 - the field's own word
        unset: Iterable[str] = (),
        **options: Unpack[Options],
    ) -> dict[str, Any] | None:
        """Give fields other values, or none; what is not named stays as others have it by then.

        Fields are paths, as in `set={"address.city": "Turin"}`; a path makes the documents that it
        leads through. Gives the document, or None where there is none. Raises `Duplicate`, and
        `NotDone` where a path leads through something else.
        """
        changes, gone = dict(set or {}), list(unset)
        complain_of_paths(changes, gone, f"{self.name}.update")
        return await self._keeper.update(_id, changes, gone, options)

    async def replace(
        self, _id: Any, document: Mapping[str, Any], **options: Unpack[Options]
    ) -> dict[str, Any] | None:
        """Put another document in its place, with the same `_id`; None where there is none.

        Fields that others have written since the caller read it are gone: see `update`.
        """
        complain(document, f"{self.name}.replace")
        if document.get("_id", _id) != _id:
            raise UsageError(f"{self.name}.replace({_id!r}): the document has another _id")
        new = {**document, "_id": _id}
        self._checked(new)
        return await self._keeper.replace(_id, new, options)

    async def delete(self, _id: Any, **options: Unpack[Options]) -> bool:
        """Take a document away; says whether there was one."""
        return await self._keeper.delete(_id, options) is not None

    # Many documents.

    async def find(
        self, field: str, value: Any, *, limit: int | None = None, **options: Unpack[Options]
    ) -> list[dict[str, Any]]:
        """The documents with this value in an indexed field, in the order of ids.

        From one store, and from each shard of a local index, all as they were at one instant.
        """
        self._check(field, limit)
        return await self._finder.equal(field, value, limit, options)

    async def find_range(
        self,
        field: str,
        first: Any = None,
        last: Any = None,
        *,
        limit: int | None = None,
        **options: Unpack[Options],
    ) -> list[dict[str, Any]]:
        """The documents with a value from `first` on, below `last`, in the order of values.

        None is open. Kinds of values come in the order of `kv.models.keys.encode`. A global index
        is read shard by shard: what moves within the range meanwhile may be left out.
        """
        self._check(field, limit)
        return await self._finder.between(field, first, last, limit, options)

    async def audit(self, **options: Unpack[Options]) -> Audit:
        """Compare indexes with documents, in all that there is."""
        return await self._auditor.audit(options)

    async def repair(self, **options: Unpack[Options]) -> Audit:
        """Set indexes right, while others write too; gives what was found. Documents stay as they
        are: of duplicates somebody has to choose.
        """
        return await self._auditor.repair(options)

    # Helpers.

    def _new_id(self) -> str:
        client = self._shards.all[0].client
        return f"{max(0, round(client.clock.now() * 1000)):011x}{self._shards.token()}"

    def _checked(self, document: Mapping[str, Any]) -> None:
        """Complain before anything is asked of values that can't be keys."""
        self._keys.document(document["_id"])
        self._keys.entries(document)

    def _check(self, field: str, limit: int | None) -> None:
        if field not in self._keys.fields:
            have = ", ".join(self._keys.fields) or "none"
            raise UsageError(f"{self.name}: no index on {field!r}: give indexes=; it has {have}")
        if limit is not None and not limit >= 1:
            raise UsageError(f"{self.name}.find(limit={limit!r}): give a number from 1")

    def __repr__(self) -> str:
        return f"<Documents {self.name}: {len(self._shards.all)} shards>"


def _keys(name: str, indexes: Iterable[str], unique: Iterable[str]) -> Keys:
    for field, given in (("indexes", indexes), ("unique", unique)):
        if isinstance(given, str):
            raise UsageError(f"kv.Documents: {field}={given!r}: give a list of fields")
    keys = Keys(name, tuple(indexes), tuple(unique))
    for field in keys.fields:
        if not isinstance(field, str) or not all(field.split(".")) or field == "_id":
            raise UsageError(f"kv.Documents: an index on {field!r}: give a path such as 'a.b'")
    return keys
