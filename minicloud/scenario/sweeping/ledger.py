"""Owns the file of a sweep that can be resumed: a line for what is swept, a line for each result.

Lines are appended as results come, so whatever ends the process, at most the last line is cut off;
that line is ignored, and its seed is run again. Results of another sweep are never mixed in. A run
that was lost (its process died or hung) is not kept, so that it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from minicloud.errors import FileError, UsageError
from minicloud.scenario.running import Result

__all__ = ["Header", "Ledger", "ledger"]


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a result depends on, but for the seed."""

    schema: int
    scenario: str
    variant: str | None
    params: dict[str, Any]
    until: float | None
    order: str
    guard: str
    script: str | None
    source: str
    versions: dict[str, str]


class _First(msgspec.Struct):
    sweep: Header


class Ledger:
    """The results that a file holds, and where to add more."""

    def __init__(
        self, file: IO[bytes] | None = None, known: dict[int, bytes] | None = None
    ) -> None:
        self._file = file
        self._known = known or {}

    def count(self, seeds: Sequence[int]) -> int:
        """How many of these seeds are known."""
        return sum(seed in seeds for seed in self._known)

    def __contains__(self, seed: int) -> bool:
        return seed in self._known

    def read(self, seed: int) -> Result:
        """The result under this seed, which is known."""
        return msgspec.json.decode(self._known[seed], type=Result)

    def add(self, result: Result) -> None:
        """Write down a result that has just come; a run that was lost is left to be tried again."""
        if self._file is not None and not (result.verdict == "unknown" and result.digest is None):
            self._file.write(msgspec.json.encode(result) + b"\n")


@contextmanager
def ledger(path: Path | None, header: Callable[[], Header]) -> Iterator[Ledger]:
    """The ledger in the file at `path`, made if it is not there; without a path an empty one.

    `header` is asked only where there is a path, since it reads all code.

    Raises `UsageError` for a file that cannot be written, is in use, or belongs to another sweep;
    `FileError` for one that is damaged.
    """
    if path is None:
        yield Ledger()
        return
    try:
        # Unbuffered, so that each line is with the system as soon as it is written.
        file = path.open("ab+", buffering=0)
    except OSError as error:
        raise UsageError(f"--resume {path}: cannot be written: {error.strerror}") from error
    with file:
        _claim(file, path)
        known = _read(file, path, header())
        yield Ledger(file, known)


def _claim(file: IO[bytes], path: Path) -> None:
    with suppress(ImportError):
        import fcntl  # noqa: PLC0415 - not everywhere

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"--resume {path}: another sweep is writing to it") from error


def _read(file: IO[bytes], path: Path, header: Header) -> dict[int, bytes]:
    file.seek(0)
    known: dict[int, bytes] = {}
    number = whole = 0
    for number, line in enumerate(file, 1):
        if not line.endswith(b"\n"):
            _refuse_foreign(line if number == 1 else b"", path, header)
            break
        whole += len(line)
        if number == 1:
            _compare(line, path, header)
            continue
        try:
            known[msgspec.json.decode(line, type=Result).seed] = line
        except msgspec.MsgspecError as error:
            raise FileError(f"{path}:{number}: not a result of a sweep: {error}") from error
    # What was cut off must not become the beginning of the next line.
    file.truncate(whole)
    if not whole:
        file.write(_first_line(header))
    return known


def _first_line(header: Header) -> bytes:
    return msgspec.json.encode(_First(header)) + b"\n"


def _refuse_foreign(line: bytes, path: Path, header: Header) -> None:
    """A file whose only line is no beginning of ours was never ours to cut."""
    if not _first_line(header).startswith(line):
        raise FileError(f"{path}:1: not the file of a sweep; give --resume a new file")


def _compare(line: bytes, path: Path, header: Header) -> None:
    try:
        there = msgspec.json.decode(line, type=_First).sweep
    except msgspec.MsgspecError as error:
        raise FileError(f"{path}:1: not the file of a sweep; give --resume a new file") from error
    if there == header:
        return
    differences = "; ".join(_differences(msgspec.to_builtins(there), msgspec.to_builtins(header)))
    raise UsageError(
        f"--resume {path} holds another sweep: {differences}. Give --resume a new file"
    )


def _differences(there: dict[str, Any], here: dict[str, Any]) -> Iterator[str]:
    for name in {**there, **here}:
        one, other = there.get(name), here.get(name)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differences(one, other)
        elif name == "source":
            yield "the scenario's code has changed since"
        else:
            yield f"{name} was {_shown(one)} and is {_shown(other)}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
