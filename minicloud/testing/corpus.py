"""Owns the failing cases that a project keeps in `.minicloud/failures/`: a file each, tried first.

A case is a test, a seed and what the run decided then. Where the code decides otherwise now, the
seed stands for another run: a case that passes like that proves nothing, and is called stale.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest

from minicloud.errors import FileError
from minicloud.scenario.folder import write_toml

__all__ = ["STALE", "Corpus", "Kept", "corpus_of", "decisions_of"]

STALE = "minicloud_stale"
"""The property of a test's report that names a stale case."""

_HEAD = "A run that failed; pytest tries it first. Delete it when it has nothing to say any more."


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One failing case. `decisions` stands for how many decisions each stream of the run made."""

    test: str
    seed: int
    order: str = "random"
    failed: str = ""
    """What was wrong, in a sentence."""
    decisions: str
    digest: str


def decisions_of(counts: Mapping[tuple[str, ...], int]) -> str:
    """16 hexadecimal digits that stand for the streams of a run and the number of their draws."""
    text = "\n".join(f"{' '.join(names)} {count}" for names, count in sorted(counts.items()))
    return blake2b(text.encode(), digest_size=8).hexdigest()


class Corpus:
    """The kept cases of one test."""

    def __init__(self, folder: Path, test: str) -> None:
        self.test = test
        self._folder = folder

    def cases(self) -> list[tuple[Path, Kept]]:
        """The cases of this test, by seed. Raises `FileError` for a file that is damaged."""
        if not self._folder.is_dir():
            return []
        files = sorted(self._folder.glob(f"{self._stem()}-*.toml"))
        found = [(file, _read(file)) for file in files]
        mine = [(file, kept) for file, kept in found if kept.test == self.test]
        return sorted(mine, key=lambda pair: pair[1].seed)

    def keep(self, kept: Kept) -> Path | None:
        """Write a case; None where the folder can't be written."""
        file = self._folder / f"{self._stem()}-{kept.seed}.toml"
        aside = file.with_suffix(".aside")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_toml(aside, _HEAD, {"": msgspec.to_builtins(kept)})
            aside.replace(file)
            return file
        return None

    def _stem(self) -> str:
        digest = blake2b(self.test.encode(), digest_size=4).hexdigest()
        name = re.sub(r"\W+", "-", self.test.rpartition("::")[2]).strip("-")
        return f"{name[:60]}-{digest}"


def corpus_of(item: pytest.Item, node_id: str) -> Corpus | None:
    """The corpus of a test; None where the project wants none, or the test is meant to fail."""
    chosen = item.config.getini("minicloud_failures")
    meant_to_fail = next(item.iter_markers("xfail"), None) is not None
    if chosen == "off" or meant_to_fail or hasattr(getattr(item, "obj", None), "hypothesis"):
        return None
    return Corpus(item.config.rootpath / chosen, node_id)


def _read(file: Path) -> Kept:
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Kept)
    except (OSError, ValueError) as error:
        raise FileError(f"{file}: this is no failing case: {error}. Delete it") from error
