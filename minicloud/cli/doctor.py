"""Owns `doctor`: is everything here that a run needs, and if not, what is to be done?"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from minicloud.cli.template import new_scenario
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, MinicloudError
from minicloud.kernel.records import read_trace
from minicloud.report.summary import folded
from minicloud.scenario.folder import staging
from minicloud.scenario.jobs import job_of
from minicloud.scenario.loading import known, load
from minicloud.scenario.running import execute, result_of, versions
from minicloud.scenario.twice import twice

__all__ = ["doctor"]

_OPTIONAL = {"pytest": "async tests with a cloud", "hypothesis": "generated data in those tests"}


def doctor() -> int:
    """Check that this machine can run scenarios, or say what to do."""
    terminal = Terminal()
    examinations: dict[str, Callable[[], str]] = {
        "Python": _python,
        "Trio": _trio,
        "repeatable": _repeatable,
        "scenarios": _scenarios,
        "runs": _runs,
        "terminal": _encoding,
    }
    code = ExitCode.VALID
    for name, examine in examinations.items():
        try:
            mark, finding = "✔", examine()
        except MinicloudError as error:
            mark, finding, code = "✖", str(error), ExitCode.FAILED
        terminal.say(folded(f"{mark} {name:<10}  ", finding))
    for module, use in _OPTIONAL.items():
        here = "is installed" if find_spec(module) else "is not installed; only needed"
        terminal.say(folded(f"  {module:<10}  ", f"{here} for {use}"))
    return code


class AilmentError(MinicloudError):
    """Something that keeps scenarios from running here; the message says what to do."""


def _python() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036 - an old Python may still read this file
        raise AilmentError(f"{platform.python_version()} is too old; install Python 3.11 or later")
    return f"{platform.python_version()}, {platform.python_implementation()}"


def _trio() -> str:
    from minicloud.kernel._trio import self_test  # noqa: PLC0415 - it may not import at all

    found = versions()["trio"]
    if problems := self_test():
        raise AilmentError(f"{found} is not one that minicloud knows: {'; '.join(problems)}")
    return f"{found}, and every private name is in its place"


def _repeatable() -> str:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "doctors_lesson.py"
        file.write_text(new_scenario("doctors_lesson"), encoding="utf-8")
        scenario = load(file)
        case = scenario.case()
        result = result_of(case, execute(scenario, case, trace=folder / "raw"))
        if result.verdict != "valid":
            raise AilmentError(
                f"a small lesson ended {result.verdict}: {result.error}; please report it"
            )
        if difference := twice(job_of(scenario, case), result, folder, read_trace(folder / "raw")):
            raise AilmentError(f"{difference}; please report it")
    return "five processes ran a small lesson and ended in one digest"


def _scenarios() -> str:
    count = len(known())
    if not count:
        raise AilmentError(
            "there are none; install minicloud again, or begin one: minicloud new NAME"
        )
    return f"{count} can be named; minicloud list shows them"


def _runs() -> str:
    with staging(Path("runs")):
        return f"are kept in {Path('runs').resolve()}"


def _encoding() -> str:
    encoding = sys.stdout.encoding or "ascii"
    try:
        "✔✖→".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return f"writes {encoding}, so marks are plain letters; PYTHONUTF8=1 gives you the others"
    return f"writes {encoding}"
