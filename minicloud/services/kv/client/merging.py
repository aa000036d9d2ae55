"""Owns a client's operations on sets and maps, for stores that merge what is changed apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicloud.cloud import Client
from minicloud.errors import UsageError
from minicloud.protocols.kv import Command, Done, DropField, Exclude, Include, SetField

__all__ = ["MergingClient"]


class MergingClient(Client):
    """The operations; how any operation is done is for the subclass to say."""

    async def include(self, key: str, element: Any, **options: Any) -> None:
        """Put an element, plain data, into a set. Recorded as `include`."""
        await self._change("include", Include(key, element), options, key, element)

    async def exclude(self, key: str, element: Any, **options: Any) -> None:
        """Take an element out of a set, as far as the store has seen it. Recorded as `exclude`.

        An `include` that the store has not met yet wins.
        """
        await self._change("exclude", Exclude(key, element), options, key, element)

    async def set_field(self, key: str, field: str, value: Any, **options: Any) -> None:
        """Give a field of a map a value. Recorded as `set-field` with [field, value]."""
        self._check_field(field)
        if value is None:
            raise UsageError(f"set_field({key!r}, {field!r}, None): write drop_field to drop it")
        command = SetField(key, field, value)
        await self._change("set-field", command, options, key, [field, value])

    async def drop_field(self, key: str, field: str, **options: Any) -> None:
        """Take a field of a map away. Recorded as `drop-field` with the field."""
        self._check_field(field)
        await self._change("drop-field", DropField(key, field), options, key, field)

    async def _change(
        self, f: str, command: Command, options: dict[str, Any], key: str, value: Any
    ) -> None:
        self._check_key(key)
        await self._do(f, command, options, key=key, value=value)

    def _check_field(self, field: object) -> None:
        if not isinstance(field, str):
            raise UsageError(f"{self.name}: a field is a str, not {field!r}")

    def _check_key(self, key: object) -> None:
        raise NotImplementedError

    async def _do(
        self,
        f: str,
        command: Command,
        options: Any,
        *,
        key: str | None = None,
        value: Any = None,
        result: Callable[[Done], Any] | None = None,
    ) -> Done:
        raise NotImplementedError
