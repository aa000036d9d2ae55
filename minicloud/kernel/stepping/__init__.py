"""A run that its host moves step by step: its clock, its order of tasks, and who may act when."""

from minicloud.kernel.stepping.kernel import SteppedKernel
from minicloud.kernel.stepping.stepper import Stepper

__all__ = ["SteppedKernel", "Stepper"]
