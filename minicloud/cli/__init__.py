"""The command line: one module a group of commands; here is the way in and the way out.

Whatever happens, a command ends in one of the documented exit codes, and what goes wrong is one
sentence on standard error. A traceback is shown where the scenario's own code raised, and with
--debug.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from minicloud.errors import ExitCode, MinicloudError, SimulationError, UsageError

__all__ = ["main"]

_FIRST = """\
A whole cloud in one process, virtual time, one seed decides. Three to try:

  minicloud list                      the lessons there are
  minicloud run cap-in-one-picture    one run: what is kept when the wire is cut
  minicloud show double-charge        a lesson's story, and the rule it is about

minicloud --help has every command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(words)
    except KeyboardInterrupt:
        _complain("interrupted")
        code = ExitCode.INTERRUPTED
    except UsageError as error:
        _complain(str(error))
        code = ExitCode.USAGE
    except MinicloudError as error:
        _complain(str(error))
        code = ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: still one sentence
        _complain(_bug(error))
        code = ExitCode.FAILED
    _flush()
    return int(code)


def _run(words: list[str]) -> int:
    from minicloud.cli.terminal import Terminal  # noqa: PLC0415 - inside, for Ctrl-C at any time

    Terminal.debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if not words:
        Terminal().say(_FIRST)
        return ExitCode.VALID
    from minicloud.cli.app import run_command  # noqa: PLC0415 - only what a command needs

    return run_command(words)


def _bug(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, SimulationError):
        return what
    return f"minicloud has a bug: {what} (--debug shows where; please report it)"


def _complain(sentence: str) -> None:
    from minicloud.cli.terminal import Terminal  # noqa: PLC0415 - as above

    terminal = Terminal()
    if terminal.debug:
        terminal.complain(traceback.format_exc())
    terminal.complain(f"minicloud: {sentence}")


def _flush() -> None:
    from minicloud.cli.terminal import hush  # noqa: PLC0415 - as above

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            hush(stream)
