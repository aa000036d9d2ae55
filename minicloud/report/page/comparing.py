"""Owns the page of two runs side by side: the data of both, and where they part."""

from __future__ import annotations

from typing import Any

from minicloud.report.causality import Comparison
from minicloud.report.page.assembly import assembled, packed
from minicloud.report.page.building import data_of
from minicloud.report.page.cutting import Slice
from minicloud.report.page.facts import facts_of
from minicloud.scenario.folder import RunFolder

__all__ = ["compared_page"]

_MOST_BYTES = 3_000_000
_SIZES = ((40_000, 160), (40_000, 24), (20_000, 24), (10_000, 0), (4_000, 0))
"""Events of each run, and characters of a message's body, from the first choice to the last."""


def compared_page(one: RunFolder, other: RunFolder, found: Comparison) -> bytes:
    """The page of a comparison; the same bytes for the same two runs.

    Raises `FileError` where a file of a folder cannot be read.
    """
    folders = (one, other)
    facts = [facts_of(folder) for folder in folders]
    page = b""
    for most, body in _SIZES:
        wanted = Slice(most=most)
        mine, theirs = (
            data_of(folder, each, wanted, body=body)
            for folder, each in zip(folders, facts, strict=True)
        )
        mine["other"] = found.other(_name(other))
        blocks = {"run": packed(mine), "run-other": packed(theirs)}
        page = assembled(f"{_name(one)} and {_name(other)}", blocks)
        if len(page) <= _MOST_BYTES:
            break
    return page


def _name(folder: RunFolder) -> str:
    result: dict[str, Any] = folder.result
    scenario = str(result.get("scenario", folder.run.get("scenario", "a run")))
    variant = f"/{result['variant']}" if result.get("variant") else ""
    return f"{scenario}{variant} seed {folder.run['seed']} ({folder.digest[:8]})"
