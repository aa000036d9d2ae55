"""Owns the list of commands, their groups, and how a wrong command line becomes one sentence."""

from __future__ import annotations

import platform
from importlib.metadata import version

import cyclopts
from cyclopts import App, Group

import minicloud
from minicloud.errors import ExitCode, UsageError

__all__ = ["build", "run_command"]

_COMMANDS = {
    "Learn": {
        "list": "minicloud.cli.learn:list_",
        "show": "minicloud.cli.learn:show",
        "run": "minicloud.cli.run:run",
        "new": "minicloud.cli.learn:new",
    },
    "Test": {
        "sweep": "minicloud.cli.many:sweep",
        "shrink": "minicloud.cli.search.shrink:shrink",
        "replay": "minicloud.cli.search.replay:replay",
        "verify": "minicloud.cli.many:verify",
        "crash-points": "minicloud.cli.search.crashing:crash_points",
    },
    "Look": {
        "report": "minicloud.cli.pictures.report:report",
        "log": "minicloud.cli.look:log",
        "why": "minicloud.cli.look:why",
        "diff": "minicloud.cli.look:diff",
        "export": "minicloud.cli.pictures.export:export",
        "turning-point": "minicloud.cli.search.turning:turning_point",
    },
    "Judge": {
        "check": "minicloud.cli.judge:check",
        "bench": "minicloud.cli.many.bench:bench",
    },
    "Help": {"doctor": "minicloud.cli.doctor:doctor"},
}

_HELP = "A whole cloud in one Python process: one seed decides, and every run repeats."

_EPILOGUE = """\
TARGET is a path, with a / or .py, or the name of a scenario.
RUN is a run folder, latest, or the beginning of a digest.
Durations: 30, 30s, 10m, 50ms. Every command takes --debug.

Exit codes: 0 all valid; 1 something is invalid; 2 wrong usage;
3 unknown; 4 could not be run, or did not repeat; 130 interrupted.
"""


def build() -> App:
    """The application; commands are imported when they are used."""
    app = App(
        name="minicloud",
        help=_HELP,
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        help_formatter="plain",
        version=_version,
        version_flags=["--version"],
        help_flags=["--help", "-h"],
    )
    name_order = {name: n for n, name in enumerate(n for c in _COMMANDS.values() for n in c)}
    for order, (title, commands) in enumerate(_COMMANDS.items()):
        group = Group(title, sort_key=order)
        if title == "Help":
            app["--help"].group = app["--version"].group = group
        for name, place in commands.items():
            app.command(place, name=name, group=group, sort_key=name_order[name])
    return app


def _version() -> str:
    python, trio = platform.python_version(), version("trio")
    return f"minicloud {minicloud.__version__} (Python {python}, trio {trio})"


def run_command(words: list[str]) -> int:
    """Parse `words`, run the command they name, and return its exit code."""
    app = build()
    if words[0] in app.help_flags:
        # A lazy command is listed without its sentence until a look-up imports it.
        for name in (name for commands in _COMMANDS.values() for name in commands):
            app[name]
    try:
        command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        raise UsageError(_sentence(error)) from error
    code = command(*bound.args, **bound.kwargs)
    return code if isinstance(code, int) else ExitCode.VALID


def _sentence(error: cyclopts.CycloptsError) -> str:
    help_for = " ".join(["minicloud", *(error.command_chain or ()), "--help"])
    text = " ".join(str(error).split())
    if isinstance(error, cyclopts.UnknownCommandError):
        text = text.split(" Available commands")[0]
    elif isinstance(error, cyclopts.UnusedCliTokensError):
        text = f"too many words: {' '.join(error.unused_tokens or [])}."
    elif isinstance(error, cyclopts.MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        given = name in (error.root_input_tokens or [])
        text = f"{name} needs a value." if given else f"{name} is missing."
    return f"{text} {help_for} says more"
