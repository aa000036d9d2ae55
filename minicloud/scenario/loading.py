"""Owns how a word becomes a scenario: targets, files, and what is said when a file does not load.

A target with a `/` or `.py` is a path. Any other is a name: `split-brain` is `split_brain.py` in
`./scenarios`, then among those that are installed with the package.
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterator
from importlib.abc import Loader
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import minicloud
from minicloud.errors import MinicloudError, RunFailure, UsageError
from minicloud.scenario.api import Scenario
from minicloud.scenario.params import near_miss

__all__ = [
    "LoadFailure",
    "described",
    "find",
    "is_library",
    "known",
    "load",
    "place",
    "shown_path",
    "source_line",
    "user_frames",
]

AnyScenario = Scenario[Any]


class LoadFailure(RunFailure):
    """A scenario file that is there but does not load; the message opens with file and line.

    `shows_traceback` is true where code of the file itself raised something unexpected.
    """

    shows_traceback = False


def shown_path(path: Path | str) -> str:
    """`path` as a person in this folder would write it."""
    path = Path(path)
    try:
        return path.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def folders() -> list[Path]:
    """Where names are looked up, in order."""
    package = Path(minicloud.__file__).parent
    installed = package / "_scenarios"
    # An editable checkout has no copy of the scenarios inside the package, but beside it.
    beside = package.parent / "scenarios"
    own = Path("scenarios")
    found = [own, installed if installed.is_dir() else beside]
    if own.exists() and found[1].exists() and own.samefile(found[1]):
        found.pop()
    return [folder for folder in found if folder.is_dir()]


def known() -> dict[str, Path]:
    """Every scenario that a name reaches: name and file, by name."""
    found: dict[str, Path] = {}
    for folder in folders():
        for path in sorted(folder.glob("*.py")):
            if path.stem.isidentifier() and not path.stem.startswith("_"):
                found.setdefault(path.stem.replace("_", "-"), path)
    return dict(sorted(found.items()))


def find(target: str) -> Path:
    """The file that `target` names; `UsageError` where there is none."""
    if "/" in target or "\\" in target or target.endswith(".py"):
        path = Path(target)
        if path.is_file():
            return path
        what = "is a folder; name one of its files" if path.is_dir() else "does not exist"
        raise UsageError(f"{target} {what}")
    scenarios = known()
    if path_of_name := scenarios.get(target.replace("_", "-")):
        return path_of_name
    if not target.strip():
        raise UsageError("the name of a scenario is empty; minicloud list names those there are")
    file = Path(f"{target}.py")
    miss = f"; did you mean ./{file}?" if file.is_file() else near_miss(target, scenarios)
    raise UsageError(
        f"no scenario {target} in ./scenarios or with the package"
        + (miss or "; minicloud list names those there are")
    )


def load(path: Path, name: str | None = None) -> AnyScenario:
    """The one scenario that the file at `path` defines; `name` picks one where it defines several.

    Raises `UsageError` where it defines none or too many, `LoadFailure` where it does not load.
    """
    module = _execute(path)
    found = [v for v in vars(module).values() if isinstance(v, Scenario)]
    own = {s.name: s for s in found if s.function.__module__ == module.__name__}
    if name is not None and name in own:
        return own[name]
    if not own:
        raise UsageError(f"{shown_path(path)} defines no scenario; write @scenario() above one")
    if len(own) > 1:
        raise UsageError(f"{shown_path(path)} defines {', '.join(own)}; keep one scenario a file")
    return next(iter(own.values()))


class _FreshLoader(SourceFileLoader):
    """Reads the source each time: cached bytecode would miss an edit within the same second."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _execute(path: Path) -> ModuleType:
    file = str(path.resolve())
    # Its helpers may lie beside it; last, so that no file there hides a library.
    for folder in (str(Path(file).parent), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.append(folder)
    name = f"minicloud_scenario_{path.stem}"
    spec = spec_from_file_location(name, file, loader=_FreshLoader(name, file))
    assert spec is not None
    assert isinstance(spec.loader, Loader)
    module = module_from_spec(spec)
    # Messages look their annotations up by module name, so it must be findable while it executes.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        sys.modules.pop(name, None)
        raise _failure(path, error) from error
    return module


def _failure(path: Path, error: BaseException) -> LoadFailure:
    if isinstance(error, SyntaxError):
        where = f"{shown_path(error.filename or path)}:{error.lineno or 1}"
        return LoadFailure(f"{where}: {type(error).__name__}: {error.msg}")
    line = source_line(error, path)
    if line is None and isinstance(error, OSError):
        return LoadFailure(f"{shown_path(path)} cannot be read: {error.strerror}")
    where = f"{shown_path(path)}:{line}" if line else shown_path(path)
    text = str(error) if isinstance(error, MinicloudError) else described(error)
    failure = LoadFailure(f"{where}: {text}")
    expected = isinstance(error, MinicloudError | ImportError)
    failure.shows_traceback = line is not None and not expected
    return failure


def described(error: BaseException) -> str:
    """An exception as one line: its type, and its message where it has one."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def source_line(error: BaseException, path: Path) -> int | None:
    """The last line of the file at `path` that `error` passed, if it passed any."""
    file = str(path.resolve())
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno for f in reversed(frames) if f.filename == file), None)


def place(error: BaseException) -> str:
    """`"lesson.py:14: "`, the last line of the author's own that `error` passed; or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_library(frame.filename)]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}: " if own else ""


def user_frames(error: BaseException) -> Iterator[str]:
    """The traceback of `error`, less the frames of minicloud, of libraries and of Python itself."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not is_library(f.filename)]
    if frames:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_list(frames)
    yield from traceback.format_exception_only(error)


def is_library(file: str) -> bool:
    """Whether a file is minicloud's, a library's or Python's: not one of the scenario's author."""
    if file.startswith("<frozen"):
        return True
    path = Path(file)
    if "_scenarios" in path.parts:
        return False
    homes = (Path(minicloud.__file__).parent, Path(sysconfig.get_path("stdlib")))
    return "site-packages" in path.parts or any(map(path.is_relative_to, homes))
