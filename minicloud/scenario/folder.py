"""Owns the run folder: what a run leaves on disk, how it is written whole, how it is found again.

    runs/<scenario>/<seed>-<digest8>/   run.toml  result.json  history.jsonl  trace.jsonl.gz
                                        script.json and dictated.json, where there is any

A folder is written aside and renamed, so nobody meets half of one; and it holds nothing that
differs between two equal runs, no wall time and no place.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from minicloud.cloud.script import Script
from minicloud.errors import FileError, UsageError
from minicloud.kernel.records import read_trace

__all__ = [
    "DICTATED",
    "SCRIPT",
    "RunFolder",
    "locate",
    "publish",
    "staging",
    "write_script",
    "write_toml",
    "write_trace",
    "write_whole",
]

SCRIPT, DICTATED = "script.json", "dictated.json"
"""Every plan that a run drew; and those that it did not, since somebody had given them."""

_DIGEST = re.compile(r"[0-9a-f]{4,}")
_SHORT = 8
_BLOCK = 1 << 16


@contextmanager
def staging(root: Path) -> Iterator[Path]:
    """A folder under `root` to write in, gone afterwards; so is `root`, if it was made for nothing.

    Raises `UsageError` where `root` cannot be written.
    """
    fresh = not root.exists()
    try:
        root.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=root))
    except OSError as error:
        raise UsageError(f"runs cannot be written to {root}: {error.strerror}") from error
    if fresh:
        (root / ".gitignore").write_text("*\n")
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if fresh and [path.name for path in root.iterdir()] == [".gitignore"]:
            shutil.rmtree(root, ignore_errors=True)


def publish(written: Path, final: Path) -> None:
    """Move a folder that is complete to its place; an older one there is replaced."""
    final.parent.mkdir(parents=True, exist_ok=True)
    # Two processes may finish the same run at once; whoever loses tries again, with equal bytes.
    for attempt in range(5):
        if final.exists():
            with suppress(FileNotFoundError):
                final.rename(written.with_name(f"old-{attempt}"))
        try:
            written.rename(final)
        except OSError:
            continue
        return
    written.rename(final)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and rename it, so that nobody meets half of one.

    Raises `UsageError` where it cannot be written; then what was there is still there.
    """
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def write_toml(path: Path, head: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Write flat tables of scalars and lists of texts; the table named `""` stands at the top."""
    lines = [f"# {head}"]
    for name, table in tables.items():
        lines += [""] if name == "" else ["", f"[{name}]"]
        lines += [f"{_key(key)} = {_toml(v)}" for key, v in table.items() if v is not None]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for the lone surrogate and DEL.
        text = value.encode("utf-8", "replace").decode()
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def write_script(folder: Path, name: str, script: Script) -> None:
    """Write a script as JSON that a person can read, and change."""
    (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(script)) + b"\n")


def write_trace(raw: Path, path: Path) -> list[tuple[float, str]]:
    """Write a raw trace as `trace.jsonl.gz`, a record a line; equal runs give equal bytes.

    Gives the notes that it passed: virtual time in seconds, and text.
    """
    encode = msgspec.json.Encoder().encode_into
    lines = bytearray()
    notes: list[tuple[float, str]] = []
    with path.open("wb") as file, _gzip(file) as out:
        for record in read_trace(raw):
            if record["type"] == "note":
                notes.append((record["time"] / 1e9, record["text"]))
            encode(record, lines, -1)
            lines += b"\n"
            if len(lines) > _BLOCK:
                out.write(lines)
                lines.clear()
        out.write(lines)
    return notes


def _gzip(file: IO[bytes]) -> gzip.GzipFile:
    # No name and no time of day in the header.
    return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0)


class RunFolder:
    """A run that was kept: its folder, read back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.run: dict[str, Any] = tomllib.loads((path / "run.toml").read_text("utf-8"))
            self.result: dict[str, Any] = json.loads((path / "result.json").read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"{path} is not a run folder: {error.strerror}") from error
        except ValueError as error:
            raise FileError(f"{path}: run.toml or result.json is damaged: {error}") from error
        missing = [key for key in ("target", "seed", "digest", "params") if key not in self.run]
        if missing:
            raise FileError(f"{path}/run.toml is damaged: it has no {', '.join(missing)}")

    @property
    def digest(self) -> str:
        """The digest of the run, in full."""
        return str(self.run["digest"])

    @property
    def drawn(self) -> Script | None:
        """Every plan that the run drew, or None where it had none."""
        return self._script(SCRIPT)

    @property
    def dictated(self) -> Script | None:
        """What the run was told in place of drawing it, or None where it drew everything."""
        return self._script(DICTATED)

    def _script(self, name: str) -> Script | None:
        file = self.path / name
        try:
            return msgspec.json.decode(file.read_bytes(), type=Script)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise FileError(f"{file} cannot be read: {error}") from error

    def trace(self, *, only: str | None = None) -> Iterator[dict[str, Any]]:
        """The records of the run's trace; `only` those of one type."""
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        head = b"" if only is None else f'{{"type":"{only}"'.encode()
        try:
            with gzip.open(self.path / "trace.jsonl.gz", "rb") as file:
                for line in file:
                    if line.startswith(head):
                        yield decode(line)
        except (OSError, EOFError, ValueError) as error:
            raise FileError(f"{self.path / 'trace.jsonl.gz'} cannot be read: {error}") from error


def locate(word: str, root: Path) -> RunFolder:
    """The run that `word` names: a folder, `latest`, or the beginning of a digest."""
    if (Path(word) / "run.toml").is_file():
        return RunFolder(Path(word))
    if Path(word).is_dir():
        raise UsageError(f"{word} is not a run folder: it has no run.toml")
    folders = [file.parent for file in sorted(root.glob("*/*/run.toml"))]
    if word == "latest":
        if not folders:
            raise UsageError(f"there is no run in {root} yet; make one: minicloud run TARGET")
        return RunFolder(max(folders, key=lambda f: (f / "result.json").stat().st_mtime_ns))
    return _by_digest(word, folders, root)


def _by_digest(word: str, folders: list[Path], root: Path) -> RunFolder:
    if not _DIGEST.fullmatch(word):
        raise UsageError(
            f"no run {word}: name a folder, latest, or four or more digits of a digest"
        )
    near = [f for f in folders if f.name.partition("-")[2].startswith(word[:_SHORT])]
    found = [run for run in map(RunFolder, near) if run.digest.startswith(word)]
    if not found:
        raise UsageError(f"no run in {root} has a digest that begins with {word}")
    if len(found) > 1:
        places = ", ".join(run.path.as_posix() for run in found[:3])
        raise UsageError(f"{len(found)} runs have a digest that begins with {word}: {places}")
    return found[0]
