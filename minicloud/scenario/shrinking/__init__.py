"""From a failing seed to the smallest case that fails the same check, and a file that shows it."""

from minicloud.scenario.shrinking.shrink import Shrunk, Size, shrink

__all__ = ["Shrunk", "Size", "shrink"]
