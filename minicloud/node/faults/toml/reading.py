"""Owns how a schedule is read from TOML, and what is said of one that is wrong: where, and how to
write it right.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

import msgspec

from minicloud.errors import FileError, UsageError
from minicloud.net.distributions import Delay
from minicloud.net.faults.names import FieldError, near
from minicloud.net.faults.values import Fault
from minicloud.node.faults.kinds import KINDS, Rolling
from minicloud.node.faults.toml.lines import Lines

__all__ = ["parse", "text_of"]

T = TypeVar("T")

_AT = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_TYPES = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a table",
    "str": "a text",
}


def text_of(path: Path) -> str:
    """The text of a file. Raises `FileError`."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is no text: byte {error.start} is not UTF-8") from None


def parse(text: str, name: str, make: Callable[..., T], top: dict[str, type]) -> T:
    """What `make(faults, **others)` makes of a TOML text; `top` has the types of the others.

    Raises `FileError`, which opens with `name` and the line.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        line = int(place[1]) if place else len(text.splitlines())
        problem = _LINE.sub("", str(error)).removesuffix(" (at end of document)")
        raise FileError(f"{name}:{line}: this is no TOML: {problem}") from None
    return _Reader(name, Lines(text)).schedule(table, make, top)


class _Reader:
    """One text under way."""

    def __init__(self, name: str, lines: Lines) -> None:
        self._name = name
        self._lines = lines

    def fail(self, path: tuple[str | int, ...], problem: str) -> NoReturn:
        """Raise the error for what stands at a path."""
        label = ""
        for step in path:
            label += f"[{step}]" if isinstance(step, int) else f".{step}"
        label = label.replace(".fault[", "faults[", 1).lstrip(".")
        where = f"{label}: " if label else ""
        raise FileError(f"{self._name}:{self._lines.of(path)}: {where}{problem}")

    def schedule(self, table: dict[str, Any], make: Callable[..., T], top: dict[str, type]) -> T:
        """The whole of it."""
        for key in table:
            if key not in ("fault", *top):
                hint = near(key, ("fault", *top)) or f"; it has [[fault]], {', '.join(top)}"
                hint = hint.replace("mean fault?", "mean [[fault]]?")
                self.fail((key,), f"a schedule has no such field{hint}")
        tables = table.pop("fault", [])
        if not isinstance(tables, list):
            self.fail(("fault",), "write [[fault]], with two brackets, above each fault")
        faults = [self.fault(one, ("fault", number)) for number, one in enumerate(tables)]
        others = {key: self.converted(table[key], top[key], (key,)) for key in table}
        try:
            return make(faults, **others)
        except FieldError as error:
            field, _, number = error.field.rstrip("]").partition("[")
            path = (field, int(number)) if number else (field,)
            self.fail(path, error.problem)

    def fault(self, table: Any, path: tuple[str | int, ...]) -> Fault:
        """One fault. Each field is known, and of its type, before the fault is made."""
        if not isinstance(table, dict):
            self.fail(path, f"a fault is a table, such as [[fault]], and not {table!r}")
        table = dict(table)
        kind = table.pop("fault", None)
        if kind is None:
            self.fail(path, 'say which fault it is, such as fault = "partition"')
        if kind not in KINDS:
            hint = near(str(kind), KINDS) or f"; there are {', '.join(KINDS)}"
            self.fail((*path, "fault"), f"there is no fault {kind!r}{hint}")
        cls = KINDS[kind]
        fields = {field.encode_name: field for field in msgspec.structs.fields(cls)}
        for key in table:
            if key not in fields:
                hint = near(key, fields) or f"; it has {', '.join(fields)}"
                self.fail((*path, key), f"{kind} has no such field{hint}")
        missing = [key for key, field in fields.items() if field.required and key not in table]
        if missing:
            self.fail(path, f"{kind} needs {' and '.join(missing)}")
        types = get_type_hints(cls)
        values = {
            fields[key].name: self.field(cls, key, value, types[fields[key].name], (*path, key))
            for key, value in table.items()
        }
        try:
            return cls(**values)
        except FieldError as error:
            name = next(key for key, field in fields.items() if field.name == error.field)
            self.fail((*path, name), error.problem)

    def field(
        self, cls: type[Fault], key: str, value: Any, shape: Any, path: tuple[str | int, ...]
    ) -> Any:
        """One field's value, of the type that the fault takes."""
        if cls is Rolling and key == "each":
            return self.fault(value, path)
        if key == "when":
            self.fail(path, "a function can't be read from a file; say message or replies_to")
        return self.converted(value, shape, path)

    def converted(self, value: Any, shape: Any, path: tuple[str | int, ...]) -> Any:
        """A value as a type says, or an error in words."""
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            place = _AT.search(str(error))
            steps = _STEP.findall(place[1]) if place else []
            inner = tuple(name or int(number) for name, number in steps if number != "...")
            problem = _AT.sub("", str(error))
            if unknown := re.fullmatch("Object contains unknown field `(.*)`", problem):
                inner = (*inner, unknown[1])
            self.fail((*path, *inner), _in_words(problem, value, shape, inner))
        except UsageError as error:
            self.fail(path, str(error))


def _in_words(problem: str, value: Any, shape: Any, inner: tuple[str | int, ...]) -> str:
    """What msgspec found, as one would say it."""
    if expected := re.fullmatch(r"Expected `(.*)`, got `(.*)`", problem):
        wanted, given = (
            " or ".join(_TYPES.get(word, word) for word in types.split(" | ") if word != "null")
            for types in expected.groups()
        )
        return f"give {wanted}, and not {given}"
    if inner[-1:] == ("kind",) and isinstance(value, dict):
        tags = [str(cls.__struct_config__.tag) for cls in get_args(Delay)]
        hint = near(str(value.get("kind")), tags) or f"; there are {', '.join(tags)}"
        return f"there is no distribution {value.get('kind')!r}{hint}"
    if problem.startswith("Invalid enum value"):
        words = [str(word) for word in get_args(shape)]
        hint = near(str(value), words) or f"; say one of {', '.join(words)}"
        return f"{value!r} is none{hint}"
    if problem.startswith("Object contains unknown field"):
        return "a distribution has no such field"
    return problem.replace("Object missing required field", "it needs")
