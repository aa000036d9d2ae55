"""Owns `check`: the verdict on histories, from files or from kept runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from minicloud.check import FORMATS, JUDGED_BY, FileVerdict, Verdict, judge_file
from minicloud.cli.many import gravest
from minicloud.cli.run import Flag
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.screen import clash, counted
from minicloud.report.summary import MARKS, folded
from minicloud.scenario.folder import locate
from minicloud.scenario.params import near_miss, seconds

__all__ = ["check"]

_CODES = {
    Verdict.VALID: ExitCode.VALID,
    Verdict.INVALID: ExitCode.INVALID,
    Verdict.UNKNOWN: ExitCode.UNKNOWN,
}


def check(
    *files: str,
    model: str | None = None,
    format_: Annotated[str | None, Parameter(name="--format")] = None,
    timeout: str = "30",
    json: Flag = False,
) -> int:
    """Judge histories: is there one order of operations that explains them?

    Parameters
    ----------
    files
        Histories; or runs that were kept, which know their model.
    model
        What they are on, as register or store; or a level, as causal.
    format_
        How the files are written; told from their text if absent.
    timeout
        How long to search in each file.
    json
        Print one JSON object a file.
    """
    terminal = Terminal()
    if not files:
        raise UsageError("check what? Write: minicloud check FILE --model MODEL")
    _refuse_unknown("--model", model, JUDGED_BY)
    _refuse_unknown("--format", format_, FORMATS)
    limit = seconds(timeout, "--timeout")
    work = [_resolved(file, model) for file in files]
    judged: list[FileVerdict] = []
    for number, (shown, path, name) in enumerate(work, 1):
        terminal.progress(f"judging {shown}, {number} of {len(work)}")
        verdict = judge_file(path, name, format_, limit)
        judged.append(msgspec.structs.replace(verdict, file=shown))
        if not json:
            terminal.say(_lines(judged[-1]))
    # All at the end: a later file that cannot be read must leave nothing on standard output.
    for one in judged if json else []:
        terminal.json(one.as_dict())
    return gravest(_CODES[one.verdict] for one in judged)


def _refuse_unknown(option: str, word: str | None, known: Iterable[str]) -> None:
    if word is not None and word not in known:
        raise UsageError(f"{option} {word}: there is {', '.join(known)}{near_miss(word, known)}")


def _resolved(word: str, model: str | None) -> tuple[str, Path, str]:
    """What to call it, the file to judge, and by which model."""
    path = Path(word)
    if path.is_file() or (not path.is_dir() and ("/" in word or "." in word)):
        if model is None:
            raise UsageError(f"{word}: say what it is a history of, with --model MODEL")
        return word, path, model
    run = locate(word, Path("runs"))
    by = model or run.run.get("model")
    if by is None:
        raise UsageError(f"{run.path} was judged by no model; name one with --model MODEL")
    return run.path.as_posix(), run.path / "history.jsonl", str(by)


def _lines(one: FileVerdict) -> Iterator[str]:
    count = f"{counted(one.operations, 'operation')} in {one.wall_s:.2g} s, as {one.model}"
    yield from folded(f"{MARKS[one.verdict.value]} ", f"{one.file}: {one.verdict.value}, {count}")
    yield from folded("    ", one.detail)
    yield from clash(one.evidence)
