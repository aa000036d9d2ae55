"""A cloud that plain code moves, without a thread: for state machines and notebooks."""

from minicloud.testing.stepping.future import Future
from minicloud.testing.stepping.simulation import Simulation
from minicloud.testing.stepping.steps import Step

__all__ = ["Future", "Simulation", "Step"]
