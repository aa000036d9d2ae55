"""Owns `export`: a kept run written in the format of another tool."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from minicloud.check.history import History
from minicloud.cli.run import Flag
from minicloud.cli.terminal import Terminal, hush
from minicloud.errors import ExitCode, UsageError
from minicloud.report.exports import FORMATS, Exported, Format, Recording, Scope
from minicloud.report.summary import folded
from minicloud.scenario.folder import RunFolder, locate
from minicloud.scenario.params import near_miss, seconds

__all__ = ["export"]

_STANDARD_OUTPUT = "-"


def export(
    run: str = "latest",
    /,
    *,
    to: str,
    output: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    from_: str | None = None,
    until: str | None = None,
    op: str | None = None,
    series: Flag = False,
    force: Flag = False,
    out: str = "runs",
) -> int:
    """Write a run for another tool: Perfetto, Jaeger, Prometheus, Elle.

    Parameters
    ----------
    run
        A run folder, latest, or the beginning of a digest.
    to
        perfetto, shiviz, otlp, openmetrics, jepsen, mermaid.
    output
        The file; - for standard output. Named after the run if absent.
    from_
        Only from this virtual time on (shiviz, otlp, mermaid).
    until
        Only up to this virtual time (shiviz, otlp, mermaid).
    op
        Only this operation, such as alice:3 (shiviz, otlp, mermaid).
    series
        Samples along the run, not its end alone (openmetrics).
    force
        Write over a file that is there.
    out
        Where the run folders are.
    """
    terminal = Terminal()
    if output is not None and output.startswith("--"):
        raise UsageError("--output needs a value: a file, or - for standard output")
    format_ = _format(to, output)
    scope = _scope(format_, from_, until, op)
    scope = msgspec.structs.replace(scope, series=series)
    if series and not format_.series:
        raise UsageError(f"--series is for openmetrics: {format_.name} has no samples")
    recording = read(locate(run, Path(out)))
    _known(recording, op)
    exported = format_.write(recording, scope)
    if output == _STANDARD_OUTPUT:
        _print(exported, format_)
    else:
        path = Path(output) if output is not None else _name(recording, format_)
        for file in write(path, exported.files, force=force):
            terminal.say(f"{file.as_posix()}   {format_.reader}")
    # What was left out is said beside the file, never in it: not every format has comments.
    for sentence in exported.said:
        terminal.complain("\n".join(folded("  ", sentence)))
    return ExitCode.VALID


def read(folder: RunFolder) -> Recording:
    """A run folder as exports need it. Raises `FileError` where it is damaged."""
    history = folder.path / "history.jsonl"
    # A run in which no client did anything has an empty one, which is no history.
    lines = History.read(history).events if history.exists() and history.stat().st_size else []
    return Recording(folder.run, folder.result, folder.trace(), lines)


def write(path: Path, texts: list[str], *, force: bool) -> list[Path]:
    """Write the files of an export, all or none; the second is called `NAME-2` and so on.

    A file that holds the same already is left as it is. Raises `UsageError` where one holds
    something else, or cannot be written.
    """
    files = [_numbered(path, number) for number in range(1, len(texts) + 1)]
    contents = [text.encode("utf-8", "replace") for text in texts]
    for file, content in zip(files, contents, strict=True):
        if file.is_dir():
            raise UsageError(f"{file} is a folder: name a file, as in --output {file}/NAME")
        if not force and file.exists() and _differs(file, content):
            raise UsageError(f"{file} is there already: add --force, or name another --output")
    aside = [file.with_name(f".{file.name}.part") for file in files]
    try:
        for part, content in zip(aside, contents, strict=True):
            part.write_bytes(content)
        for part, file in zip(aside, files, strict=True):
            part.replace(file)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        for part in aside:
            _remove(part)
    return files


def _differs(file: Path, content: bytes) -> bool:
    try:
        return file.read_bytes() != content
    except OSError:
        return True


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        # Its folder is none, which the sentence about the file has said.
        return


def _numbered(path: Path, number: int) -> Path:
    """`run-2.otlp.json` for the second file of `run.otlp.json`."""
    if number == 1:
        return path
    stem, dot, rest = path.name.partition(".")
    return path.with_name(f"{stem}-{number}{dot}{rest}")


def _name(recording: Recording, format_: Format) -> Path:
    """Here, not in the run folder: that holds what the run left, and nothing else."""
    run = recording.run
    parts = [str(run.get("scenario", "run")), str(run["seed"]), str(run["digest"])[:8]]
    return Path("-".join(parts) + format_.suffix)


def _format(to: str, output: str | None) -> Format:
    if to == "jepsen" and output is not None and output.endswith(".json"):
        to = "jepsen-json"
    if to not in FORMATS:
        raise UsageError(f"--to {to}: there is {', '.join(FORMATS)}{near_miss(to, FORMATS)}")
    return FORMATS[to]


def _scope(format_: Format, from_: str | None, until: str | None, op: str | None) -> Scope:
    given = {"--from": from_, "--until": until, "--op": op}
    for option, value in given.items():
        if value is not None and not format_.parts:
            raise UsageError(f"{option}: {format_.name} is always of the whole run")
    if op is not None and (from_ is not None or until is not None):
        raise UsageError("--op is one operation, whenever it was: leave out --from and --until")
    begin = None if from_ is None else round(seconds(from_, "--from") * 1e9)
    end = None if until is None else round(seconds(until, "--until") * 1e9)
    if begin is not None and end is not None and begin > end:
        raise UsageError(f"--from {from_} is after --until {until}")
    return Scope(begin, end, op)


def _known(recording: Recording, op: str | None) -> None:
    if op is not None and op not in recording.calls:
        names = list(recording.calls)
        near = [name for name in names if name.partition(":")[0] == op.partition(":")[0]]
        shown = ", ".join((near or names)[:6]) or "none"
        raise UsageError(f"the run has no operation {op}; among its operations: {shown}")


def _print(exported: Exported, format_: Format) -> None:
    if len(exported.files) > 1:
        many = f"{len(exported.files)} files of {format_.name}"
        raise UsageError(f"the run makes {many}, and standard output is one: name an --output")
    try:
        # Bytes: the format says how its text is encoded, whatever the terminal prefers.
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(exported.files[0])
        else:
            sys.stdout.flush()
            buffer.write(exported.files[0].encode("utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)
