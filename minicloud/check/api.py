"""Judging a file, for the command line; prints nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check.event import Operation
from minicloud.check.history import History
from minicloud.check.named import check_named
from minicloud.check.verdict import Verdict

__all__ = ["FileVerdict", "judge_file"]


class FileVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What `minicloud check` says about a file. `wall_s` is the time it took, reading included.

    `evidence` is the smallest violating window, where the file says when its operations were.
    """

    file: str
    model: str
    verdict: Verdict
    operations: int
    wall_s: float
    detail: str
    evidence: tuple[Operation, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        said = dict(msgspec.to_builtins(self))
        del said["evidence"]
        return said


def judge_file(
    path: str | os.PathLike[str],
    model: str,
    format: str | None = None,  # noqa: A002 - the option's name
    timeout: float = 30.0,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> FileVerdict:
    """Judge a file of a history by the model or level of that name, within `timeout` seconds.

    Raises UsageError for an unknown model or format, and FileError, whose message opens with file
    and line, for a file that cannot be read or does not fit the model.
    """
    began = clock()
    check = check_named(model, clock=clock)
    history = History.read(path, format)
    judged = check.judge(history, timeout=timeout)
    return FileVerdict(
        file=os.fspath(path),
        model=model,
        verdict=judged.verdict,
        operations=judged.operations,
        wall_s=round(clock() - began, 3),
        detail=judged.why,
        evidence=judged.evidence if history.source is None or history.source.timed else (),
    )
