"""Owns whose code a frame is: the user's, a library's, Python's, or the run's own machinery.

It goes by the file, and a file is looked at once a process. Knows nothing of what is guarded.
"""

from __future__ import annotations

import os
import re
import sysconfig
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

import outcome
import trio

from minicloud import errors

__all__ = [
    "Asker",
    "Origin",
    "asker",
    "call_name",
    "doer",
    "file_kind",
    "kind_of",
    "made_from_text",
    "site",
]


class Origin(IntEnum):
    """Whose code it is. What is at most `LIBRARY` is watched; what is above is stepped over."""

    USER = 0
    LIBRARY = 1
    STDLIB = 2
    TRIO = 3
    MACHINERY = 4


_TOOLS = frozenset(
    [
        "minicloud",
        "pytest",
        "_pytest",
        "pluggy",
        "iniconfig",
        "xdist",
        "execnet",
        "coverage",
        "pytest_cov",
        "hypothesis",
        "pytest_timeout",
        "pytest_trio",
        "pytest_asyncio",
        "debugpy",
        "pydevd",
        "_pydev_bundle",
        "_pydevd_bundle",
        "IPython",
        "ipykernel",
        "pyinstrument",
        "viztracer",
        "memray",
        "py",
        "_distutils_hack",
        "sortedcontainers",
        "attr",
        "attrs",
        "msgspec",
        "sniffio",
    ]
)
"""Packages that look at a run from outside, so that what they read cannot change it; and those that
the kernel stands on, which read nothing."""

_INSPECTORS = frozenset(
    [
        "pdb",
        "bdb",
        "cmd",
        "code",
        "codeop",
        "trace",
        "cProfile",
        "profile",
        "doctest",
        "unittest",
        "linecache",
        "traceback",
        "tokenize",
        "warnings",
        "inspect",
        "importlib",
        "runpy",
        "faulthandler",
        "tracemalloc",
        "ast",
        "dis",
        "pydoc",
    ]
)
"""Modules of Python's that do the same, and the one that imports."""

WRAPPERS = frozenset({"random", "secrets", "uuid"})
"""Modules of Python's that only pass on what the operating system or the clock says."""

_PACKAGE: Final = f"{Path(errors.__file__).parent}{os.sep}"
_LESSONS: Final = f"{_PACKAGE}_scenarios{os.sep}"
_TRIO: Final = tuple(f"{Path(str(each.__file__)).parent}{os.sep}" for each in (trio, outcome))
_STDLIB: Final = tuple(
    {sysconfig.get_path(name): None for name in ("stdlib", "platstdlib")}  # both, each once
)
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]([^/\\.]+)")

_NAMED = ("<frozen", "<attrs")
"""How the names of generated code begin that say whose it is."""

_kinds: dict[str, Origin] = {}


def file_kind(file: str) -> Origin:
    """Whose code is in a file, by its name as code objects have it."""
    kind = _kinds.get(file)
    if kind is None:
        kind = _classified(file)
        if not made_from_text(file):
            _kinds[file] = kind
    return kind


def _classified(file: str) -> Origin:
    if file.startswith(_TRIO):
        return Origin.TRIO
    if file.startswith("<frozen importlib"):
        return Origin.MACHINERY
    if file.startswith(_NAMED):
        return Origin.STDLIB
    if file.startswith(_PACKAGE):
        return Origin.USER if file.startswith(_LESSONS) else Origin.MACHINERY
    return _by_folder(file)


def _by_folder(file: str) -> Origin:
    installed = _INSTALLED.search(file)
    if installed is not None:
        return Origin.MACHINERY if installed[1] in _TOOLS else Origin.LIBRARY
    for home in _STDLIB:
        if file.startswith(home):
            first = re.split(r"[/\\.]", file[len(home) + 1 :])[0]
            return Origin.MACHINERY if first in _INSPECTORS else Origin.STDLIB
    return Origin.USER


def kind_of(frame: FrameType) -> Origin:
    """Whose code runs in a frame; code made from text belongs to the module that it is part of."""
    file = frame.f_code.co_filename
    kind = _kinds.get(file)
    if kind is None:
        if made_from_text(file):
            file = str(frame.f_globals.get("__file__", file))
        kind = file_kind(file)
    return kind


def made_from_text(file: str) -> bool:
    """Whether the name says nothing about whose code it is, as that of generated code."""
    return file.startswith("<") and not file.startswith(_NAMED)


class Asker(NamedTuple):
    """Who is behind a call: its frame, the frame that this one called, and what lies between."""

    kind: Origin
    frame: FrameType
    callee: FrameType | None
    """None where the guarded name itself was called."""
    direct: bool
    """Whether nothing but a wrapper of Python's lies between."""


def asker(frame: FrameType) -> Asker:
    """Who asks for a value: the first frame upwards that is not Python's own."""
    callee: FrameType | None = None
    direct = True
    kind = kind_of(frame)
    while kind is Origin.STDLIB and frame.f_back is not None:
        direct = direct and frame.f_globals.get("__name__") in WRAPPERS
        callee, frame = frame, frame.f_back
        kind = kind_of(frame)
    return Asker(kind, frame, callee, direct)


def doer(frame: FrameType) -> Asker | None:
    """Who does something to the world outside: the user's line if there is one; else a library's.

    None where it is the run's own machinery, for its own purposes.
    """
    found: Asker | None = None
    callee: FrameType | None = None
    here: FrameType | None = frame
    while here is not None:
        kind = _kinds.get(here.f_code.co_filename)
        if kind is None:
            kind = kind_of(here)
        if kind is Origin.MACHINERY:
            break
        if kind is Origin.USER:
            return Asker(kind, here, callee, direct=found is None)
        if kind is Origin.LIBRARY and found is None:
            found = Asker(kind, here, callee, direct=True)
        callee, here = here, here.f_back
    return found


def site(frame: FrameType) -> str:
    """File and line of a frame, as `till.py:31`."""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def call_name(callee: FrameType | None, name: str) -> str:
    """What a line called, as its author would write it; `name` where it was the guarded name."""
    if callee is None:
        return name
    module = callee.f_globals.get("__name__", "")
    function = callee.f_code.co_qualname.replace("<locals>.", "")
    shared: Any = callee.f_locals.get("self")
    if module == "random" and shared is _shared_random():
        function = callee.f_code.co_name
    if function.endswith(".__init__"):
        function = function.removesuffix(".__init__")
    parts = [part for part in f"{module}.{function}".split(".") if not part.startswith("_")]
    return ".".join(parts)


def _shared_random() -> object:
    import random  # noqa: PLC0415 - only for a message

    return getattr(random.choice, "__self__", None)
