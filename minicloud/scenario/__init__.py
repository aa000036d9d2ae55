"""A scenario is a lesson that can fail: `@scenario`, loading it, running it once, twice or often.

Knows clouds and checks; knows no terminal and no picture.
"""

from minicloud.scenario.api import Case, Scenario, Variant, breaks, holds, scenario
from minicloud.scenario.loading import LoadFailure
from minicloud.scenario.running import Result, run
from minicloud.scenario.sweeping import Sweep, sweep

__all__ = [
    "Case",
    "LoadFailure",
    "Result",
    "Scenario",
    "Sweep",
    "Variant",
    "breaks",
    "holds",
    "run",
    "scenario",
    "sweep",
]
