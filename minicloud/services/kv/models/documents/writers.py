"""Owns how a document and the entries of its indexes are written: in one step, or in what order.

Each takes a document from one version to the next, and says False where it was changed meanwhile,
so that whoever asked looks again.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from minicloud.errors import CallError, Refused
from minicloud.protocols.kv import Compare, Delete, Get, Put
from minicloud.services.kv.client.words import Options
from minicloud.services.kv.models.documents.indexes import Entry, Keys
from minicloud.services.kv.models.shards import Shard, Shards

__all__ = ["Apart", "Duplicate", "Lagging", "Step", "Together", "Writer", "is_document"]


class Duplicate(Refused):
    """There is another document with this id, or with this value in a unique field."""


class Step(msgspec.Struct, frozen=True):
    """A document's way from one version (0: none) to the next; None is no document."""

    shard: Shard
    key: str
    version: int
    old: dict[str, Any] | None
    new: dict[str, Any] | None

    @property
    def own(self) -> Any:
        """The document's id."""
        return (self.new or self.old or {})["_id"]

    @property
    def unchanged(self) -> Compare:
        """The condition that nobody else has changed the document."""
        return Compare(self.key, "revision", "==", self.version)

    @property
    def write(self) -> Put | Delete:
        """What makes it real."""
        return Delete(self.key) if self.new is None else Put(self.key, self.new)


class Writer(Protocol):
    """A way to write documents and entries."""

    async def write(self, step: Step, options: Options) -> bool:
        """Do it, or say False. Raises `Duplicate`, and what a store raises."""
        ...

    def home(self, shard: Shard, entry: Entry) -> Shard:
        """Which shard holds an entry of a document on that shard."""
        ...


def is_document(value: Any) -> bool:
    """Whether what is under a document's key is one, and not a claim to its id."""
    return isinstance(value, dict) and "_id" in value


def taken(entries: Iterable[Entry], holders: Iterable[Any], own: Any) -> None:
    """Raise `Duplicate` where a unique entry has another document's id."""
    for entry, holder in zip(entries, holders, strict=True):
        if holder is not None and holder[0] != own:
            raise Duplicate(f"{entry.field} {entry.value!r} is taken by the document {holder[0]!r}")


def differences(keys: Keys, step: Step) -> tuple[list[Entry], list[Entry]]:
    """The entries that come, and those that go."""
    before, after = keys.entries(step.old), keys.entries(step.new)
    come = [entry for key, entry in after.items() if key not in before]
    return come, [entry for key, entry in before.items() if key not in after]


class Together:
    """Entries stand on the document's shard, and change in the document's own transaction."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def home(self, shard: Shard, entry: Entry) -> Shard:
        """The document's own."""
        return shard

    async def write(self, step: Step, options: Options) -> bool:
        """One transaction, so nobody ever sees the one without the other."""
        come, gone = differences(self._keys, step)
        unique = [entry for entry in come if entry.unique]
        # the rule: the document, what indexes say of it, and that it is the only one, in one step
        held, holders = await step.shard.transact(
            [step.unchanged, *(Compare(entry.key, "revision", "==", 0) for entry in unique)],
            [
                step.write,
                *(Delete(entry.key) for entry in gone),
                *(entry.put(step.own) for entry in come),
            ],
            [Get(entry.key) for entry in unique],
            options,
        )
        if not held:
            taken(unique, holders, step.own)
        return held


class Lagging:
    """Entries follow the document, one by one: the mistake that every other writer avoids."""

    def __init__(self, keys: Keys, shards: Shards, *, by_value: bool) -> None:
        self._keys = keys
        self._shards = shards
        self._by_value = by_value

    def home(self, shard: Shard, entry: Entry) -> Shard:
        """The document's own, or the value's."""
        return self._shards.home(entry.home) if self._by_value else shard

    async def write(self, step: Step, options: Options) -> bool:
        """Look, write, and tell the indexes afterwards."""
        come, gone = differences(self._keys, step)
        for entry in come:
            if entry.unique:
                holder = await self.home(step.shard, entry).get(entry.key, options)
                taken([entry], [holder], step.own)
        held, _ = await step.shard.transact([step.unchanged], [step.write], (), options)
        if held:
            with suppress(CallError):
                for entry in gone:
                    await self.home(step.shard, entry).delete(entry.key, options)
                for entry in come:
                    await self.home(step.shard, entry).put(
                        entry.key, entry.content(step.own), options
                    )
        return held


class Apart:
    """Entries stand on the shard of their value, which no transaction shares with the document.

    Entries come before the document and go after it, so an index may say too much and never too
    little. Every entry has a token of the attempt that wrote it, and goes only if it still has the
    token that it had before the document changed: else another attempt may rely on it. A new
    document claims its id before it has entries, so that a repair can tell who is at work.
    """

    def __init__(self, keys: Keys, shards: Shards) -> None:
        self._keys = keys
        self._shards = shards

    def home(self, shard: Shard, entry: Entry) -> Shard:
        """The value's."""
        return self._shards.home(entry.home)

    async def write(self, step: Step, options: Options) -> bool:
        """Claim, add entries, write the document, take entries away."""
        come, gone = differences(self._keys, step)
        token = self._shards.token()
        unchanged = step.unchanged
        if step.old is None:
            claim = {"claim": token}
            held, _ = await step.shard.transact([unchanged], [Put(step.key, claim)], (), options)
            if not held:
                return False
            unchanged = Compare(step.key, "value", "==", claim)
        known = [await self.home(step.shard, entry).get(entry.key, options) for entry in gone]
        for entry in come:
            # the rule: what an index will have to know, it knows before the document says so
            await self.home(step.shard, entry).put(
                entry.key, entry.content(step.own, token), options
            )
        held, _ = await step.shard.transact([unchanged], [step.write], (), options)
        if held:
            # What can't be taken away now is left to a repair: the document is written.
            with suppress(CallError):
                for entry, value in zip(gone, known, strict=True):
                    if value is not None:
                        await self.home(step.shard, entry).cas(entry.key, value, None, options)
        return held
