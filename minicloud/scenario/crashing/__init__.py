"""Every point at which a power cut can tell: one run for each, and the matrix of their verdicts."""

from minicloud.scenario.crashing.matrix import Crashes, CrashRun, crash_points

__all__ = ["CrashRun", "Crashes", "crash_points"]
