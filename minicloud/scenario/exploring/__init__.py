"""The front door of exhaustive search: every order of tasks and messages within a bound."""

from minicloud.scenario.exploring.explore import Counterexample, Explored, explore, repeat
from minicloud.scenario.exploring.horizon import measured

__all__ = ["Counterexample", "Explored", "explore", "measured", "repeat"]
