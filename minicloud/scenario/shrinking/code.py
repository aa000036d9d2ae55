"""Owns Python text: a value as the expression that makes it, a module cut down to what one function
needs. Knows no run.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

__all__ = ["expression", "literal", "pruned", "segment"]

_WIDTH = 100
_SHORT = ("Do",)
"""Classes whose every field is written without its name, as there are many of them."""


def expression(value: Any, *, prefixes: dict[str, str], indent: int = 0, room: int = 0) -> str:
    """The expression that makes a value, broken over lines where it is long.

    prefixes: class name → what stands before it, as `faults.`; none for others.
    room: columns taken on the first line by what stands before the value.
    """
    flat = _flat(value, prefixes)
    if len(flat) + indent + room <= _WIDTH or not _parts(value):
        return flat
    opening, closing = _brackets(value, prefixes)
    inner = indent + 4
    lines = [opening]
    for label, part in _parts(value):
        text = expression(part, prefixes=prefixes, indent=inner, room=len(label) + 1)
        lines.append(f"{' ' * inner}{label}{text},")
    lines.append(" " * indent + closing)
    return "\n".join(lines)


def _flat(value: Any, prefixes: dict[str, str]) -> str:
    if not _parts(value):
        opening, closing = _brackets(value, prefixes)
        return opening + closing if opening else literal(value)
    opening, closing = _brackets(value, prefixes)
    parts = [label + _flat(part, prefixes) for label, part in _parts(value)]
    comma = "," if isinstance(value, tuple) and len(parts) == 1 else ""
    return f"{opening}{', '.join(parts)}{comma}{closing}"


def _brackets(value: Any, prefixes: dict[str, str]) -> tuple[str, str]:
    if isinstance(value, msgspec.Struct):
        name = type(value).__name__
        return f"{prefixes.get(name, '')}{name}(", ")"
    for kind, opening, closing in ((tuple, "(", ")"), (list, "[", "]"), (dict, "{", "}")):
        if isinstance(value, kind):
            return opening, closing
    return "", ""


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, msgspec.Struct):
        return list(_fields(value))
    if isinstance(value, tuple | list):
        return [("", part) for part in value]
    if isinstance(value, dict):
        return [(f"{literal(key)}: ", part) for key, part in value.items()]
    return []


def _fields(value: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    """What must be said of a struct: the fields that are not at their defaults."""
    positional = True
    for field in msgspec.structs.fields(value):
        held = getattr(value, field.name)
        if _is_default(field, held):
            positional = False
        else:
            short = positional and (field.required or type(value).__name__ in _SHORT)
            yield ("" if short else f"{field.name}="), held


def _is_default(field: Any, held: Any) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return bool(held == field.default)
    return field.default_factory is not msgspec.NODEFAULT and bool(held == field.default_factory())


def literal(value: Any) -> str:
    """A plain value as the field writes it: text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def segment(source: str, node: ast.stmt) -> str:
    """A statement's text with its decorators and the comments that stand right above it."""
    lines = source.splitlines()
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def _names_used(node: ast.AST) -> set[str]:
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    # Annotations may be text; and a string may name what it is about.
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            used |= set(part.value.replace("[", " ").replace("]", " ").split())
    return used


def _names_bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    targets: Sequence[ast.expr] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    parts = [part for target in targets for part in ast.walk(target)]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def pruned(statements: Sequence[ast.stmt], root: ast.stmt) -> list[ast.stmt]:
    """Those statements of a module that `root` needs, in their order; imports name by name.

    A statement that binds no name is kept: nobody can tell what it is for.
    """
    needed = _names_used(root)
    kept: dict[int, ast.stmt] = {}
    grown = True
    while grown:
        grown = False
        for number, node in enumerate(statements):
            bound = _names_bound(node)
            if number not in kept and (not bound or bound & needed):
                kept[number] = node
                if not isinstance(node, ast.Import | ast.ImportFrom):
                    needed |= _names_used(node)
                grown = True
    return [_only(kept[number], needed) for number in sorted(kept)]


def _only(node: ast.stmt, needed: set[str]) -> ast.stmt:
    if isinstance(node, ast.ImportFrom) and node.module != "__future__":
        names = [a for a in node.names if (a.asname or a.name) in needed]
        return ast.copy_location(ast.ImportFrom(node.module, names, node.level), node)
    return node
