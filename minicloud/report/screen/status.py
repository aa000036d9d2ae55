"""Owns the line that says how a run fares while it goes on; knows no run and no terminal."""

from __future__ import annotations

from minicloud.cloud.snapshot import Status
from minicloud.report.screen.text import counted

__all__ = ["status_line"]


def status_line(now: Status, wall_s: float) -> str:
    """The run in one line: virtual time, how much faster than wall time, who is up, what is wrong.

    wall_s: seconds of wall time that the run has taken.
    """
    pace = now.virtual_s / max(wall_s, 1e-6)
    digits = 0 if pace >= 10 else 1
    return ", ".join(
        [
            f"{now.virtual_s:,.1f} s virtual at {pace:,.{digits}f}x wall",
            f"{now.up} of {counted(now.hosts, 'host')} up",
            counted(now.faults, "fault"),
            counted(now.violations, "violation"),
        ]
    )
