"""A scenario is a lesson that can fail: `@scenario`, loading it, running it once, twice or often.

Knows clouds and checks; knows no terminal and no picture.
"""

import sys
from types import ModuleType
from typing import Any

from minicloud.cloud.script import Do, Script
from minicloud.scenario.api import Case, Scenario, Variant, breaks, holds, scenario
from minicloud.scenario.loading import LoadFailure
from minicloud.scenario.running import Result, run
from minicloud.scenario.sweeping import Sweep, sweep

__all__ = [
    "Case",
    "Do",
    "LoadFailure",
    "Result",
    "Scenario",
    "Script",
    "Sweep",
    "Variant",
    "breaks",
    "holds",
    "run",
    "scenario",
    "sweep",
]


class _CallableRoom(ModuleType):
    """This room and the decorator share a name at the front door: `from minicloud import scenario`.

    The import system binds the room there, whenever anything inside is imported, so the room is
    also the decorator.
    """

    def __call__(self, *args: Any, **variants: Any) -> Any:
        return scenario(*args, **variants)


sys.modules[__name__].__class__ = _CallableRoom
