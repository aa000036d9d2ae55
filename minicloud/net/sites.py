"""Owns the question from which line of the user's code a message is being sent."""

from __future__ import annotations

import sys
from linecache import getline
from pathlib import Path
from types import FrameType

__all__ = ["sending_line"]

_OWN = str(Path(__file__).parent.parent)
_LIBRARIES = ("/trio/", "/lib/python", "<frozen")


def sending_line() -> str:
    """`gossip.py:22 "for peer in self.seen:"`, or nothing where no user's code is on the stack."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the stack is the question
    scenarios = f"{_OWN}/_scenarios"
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(scenarios) or not (
            name.startswith(_OWN) or any(part in name for part in _LIBRARIES)
        ):
            text = getline(name, frame.f_lineno).strip()
            return f'{Path(name).name}:{frame.f_lineno} "{text}"'
        frame = frame.f_back
    return ""
