"""Testing on a simulated cloud: under pytest, with Hypothesis, or step by step in a notebook.

`Simulation` is a cloud that plain code moves; `strategies` are those of Hypothesis. The names are
imported when they are asked for, as pytest loads this package for every project.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicloud.testing.stepping import Future, Simulation, Step

__all__ = ["Future", "Simulation", "Step"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"minicloud.testing has no {name!r}; it has {', '.join(__all__)}")
    from minicloud.testing import stepping  # noqa: PLC0415 - see above

    return getattr(stepping, name)
