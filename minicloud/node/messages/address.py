"""Owns what may stand for an address: a name, or a handle that has one."""

from __future__ import annotations

from typing import Any

from minicloud.errors import UsageError

__all__ = ["address_of"]


def address_of(target: Any) -> str:
    """The address that a target stands for. Raises `UsageError` for what has none."""
    if isinstance(target, str):
        return target
    name = getattr(target, "name", None)
    if not isinstance(name, str):
        raise UsageError(f"{target!r} is no address: give a host's name, or the host")
    return name
