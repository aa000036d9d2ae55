"""Every error that minicloud raises, by whose fault it is; knows nothing of what raises it.

Three families, because each asks for something else of its reader:

* the caller's mistake (`UsageError`): a wrong name, argument or file. One sentence says what to do.
* the simulated world's fault (`CallError` and its children): what real code would meet, and
  `definite` says whether the thing certainly did not happen.
* a run that could not go on (`RunFailure` and its children), or the simulator's own bug
  (`SimulationError`).
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, final

__all__ = [
    "CallError",
    "Deadlock",
    "DiskError",
    "ExitCode",
    "FileError",
    "Leak",
    "LimitReached",
    "Livelock",
    "MinicloudError",
    "OutcomeUnknown",
    "PowerCut",
    "QuorumFailed",
    "Refused",
    "RunFailure",
    "SimulationError",
    "Stalled",
    "Undecided",
    "UsageError",
    "Violated",
]


class ExitCode(IntEnum):
    """What a command's end means; the same for every command."""

    VALID = 0
    INVALID = 1
    USAGE = 2
    UNKNOWN = 3
    FAILED = 4
    INTERRUPTED = 130


class MinicloudError(Exception):
    """The common ancestor of everything below, `PowerCut` excepted."""


class UsageError(MinicloudError):
    """The caller's mistake; the message says what was wrong, where, and what to write instead."""


class FileError(UsageError):
    """A file that cannot be read as what it claims to be; the message opens with file and line."""


class CallError(MinicloudError):
    """A call to another node that did not end in a reply. Raise one of the children, not this."""

    definite: ClassVar[bool]


class Refused(CallError):
    """The service said no: the request definitely had no effect.

    A service raises a subclass of its own inside a handler; the caller of the request receives that
    same subclass with the same message.
    """

    definite: ClassVar[bool] = True


class OutcomeUnknown(CallError):
    """No reply came: the request may have happened, may still happen, or may never."""

    definite: ClassVar[bool] = False


class QuorumFailed(OutcomeUnknown):
    """Too few nodes answered, or too many refused; those that did answer may have acted.

    `replies` and `refusals` map host names to what each said.
    """

    def __init__(
        self,
        message: str = "",
        replies: dict[str, object] | None = None,
        refusals: dict[str, Refused] | None = None,
    ) -> None:
        super().__init__(message)
        self.replies = replies or {}
        self.refusals = refusals or {}


class DiskError(MinicloudError, OSError):
    """A simulated disk refused: it is full, or a fault made it fail."""


@final
class PowerCut(BaseException):
    """Unwinds a `def` handler of a node that just lost power. Never catch it."""


class Violated(MinicloudError):
    """A check was broken; the message holds the evidence."""


class Undecided(MinicloudError):
    """A check ran out of its budget, so nobody knows."""


class RunFailure(MinicloudError):
    """A run that could not reach its end for a reason that lies in the scenario."""


class Deadlock(RunFailure):
    """Nothing can run and nothing is scheduled; the message says who waits for what."""


class Livelock(RunFailure):
    """An instant of virtual time that does not end."""


class LimitReached(RunFailure):
    """A limit on virtual time, events or operations was hit, so the run was cut short."""


class Stalled(RunFailure):
    """Code spun for seconds of wall time without a step; the message names node and line."""


class Leak(RunFailure):
    """Code in a run reached for the world outside: a clock, randomness, a thread, a socket, a file.

    Such a run does not repeat, so nothing in it is judged; the message names the line, and what to
    write instead.
    """


class SimulationError(MinicloudError):
    """A bug of the simulator itself, or of something it stands on. Please report it."""
