"""What a terminal shows of a run beside sentences: text that is safe and fits, bars, tables."""

from minicloud.report.screen.clash import clash
from minicloud.report.screen.figures import figures
from minicloud.report.screen.status import status_line
from minicloud.report.screen.text import WIDTH, cells, clipped, counted, folded, padded, visible
from minicloud.report.screen.window import Window, window_of

__all__ = [
    "WIDTH",
    "Window",
    "cells",
    "clash",
    "clipped",
    "counted",
    "figures",
    "folded",
    "padded",
    "status_line",
    "visible",
    "window_of",
]
