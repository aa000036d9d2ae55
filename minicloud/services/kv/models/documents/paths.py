"""Owns documents as plain data, and paths such as `address.city` into them; knows no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from minicloud.errors import UsageError

__all__ = ["NOTHING", "Blocked", "at", "changed", "complain", "complain_of_paths", "flat", "nested"]

NOTHING: Final = object()
"""What is at a path that leads nowhere."""


class Blocked(Exception):
    """A path leads through something that has no fields; the message says what."""


def complain(document: Any, where: str) -> None:
    """Raise `UsageError` for what is no document: fields are texts without dots, at any depth."""
    if not isinstance(document, dict):
        raise UsageError(f"{where}: a document is a dict, not {document!r}")
    for field, value in document.items():
        if not isinstance(field, str) or not field or "." in field:
            raise UsageError(f"{where}: {field!r} is no field: give a text without dots")
        if isinstance(value, dict):
            complain(value, f"{where}, {field}")


def complain_of_paths(changes: Mapping[str, Any], unset: Iterable[str], where: str) -> None:
    """Raise `UsageError` for paths that are none, or of which one lies within another."""
    paths = sorted([*changes, *unset])
    for path in paths:
        if not isinstance(path, str) or not all(path.split(".")):
            raise UsageError(f"{where}: {path!r} is no path: write a text such as 'address.city'")
        if path.split(".")[0] == "_id":
            raise UsageError(f"{where}: _id never changes: insert another document")
    for one in paths:
        if paths.count(one) > 1 or any(other.startswith(one + ".") for other in paths):
            raise UsageError(f"{where}: {one!r} is changed twice: give each field once")
    for path, value in changes.items():
        if isinstance(value, dict):
            complain(value, f"{where}, {path}")


def at(document: Mapping[str, Any], path: str) -> Any:
    """What a document has at a path, or `NOTHING`."""
    found: Any = document
    for field in path.split("."):
        if not isinstance(found, dict) or field not in found:
            return NOTHING
        found = found[field]
    return found


def changed(
    document: Mapping[str, Any], changes: Mapping[str, Any], unset: Iterable[str]
) -> dict[str, Any]:
    """The document with other values at some paths, and none at others; the old one stays as it is.

    Raises `Blocked` where a path leads through a value that is no document.
    """
    new = dict(document)
    for path, value in changes.items():
        _above(new, path)[path.rpartition(".")[2]] = value
    for path in unset:
        if at(new, path) is not NOTHING:
            del _above(new, path)[path.rpartition(".")[2]]
    return new


def _above(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The part that holds the path's last field, made anew on the way down."""
    part = document
    for field in path.split(".")[:-1]:
        below = part.get(field, {})
        if not isinstance(below, dict):
            raise Blocked(f"{path}: {field} is {below!r}, which has no fields")
        part[field] = part = dict(below)
    return part


def flat(document: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Path → value of all that is no document, or an empty one."""
    found: dict[str, Any] = {}
    for field, value in document.items():
        if isinstance(value, dict) and value:
            found.update(flat(value, f"{above}{field}."))
        else:
            found[above + field] = value
    return found


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The document of paths and values; what lies within a field takes the place of its value."""
    document: dict[str, Any] = {}
    for path in sorted(fields):
        part = document
        *above, last = path.split(".")
        for field in above:
            if not isinstance(part.get(field), dict):
                part[field] = {}
            part = part[field]
        part[last] = fields[path]
    return document
