"""The leak guard: what code inside a run gets when it reaches for the world outside.

with Guard(kernel, policy): …     one run, or a stretch of it
with allowed(): …                 a measurement beside the run, by whoever knows what it does
"""

from minicloud.kernel.guard.gate import EPOCH_S, Policy, allowed
from minicloud.kernel.guard.guard import Guard, real_names
from minicloud.kernel.guard.watch import look_again

__all__ = ["EPOCH_S", "Guard", "Policy", "allowed", "look_again", "real_names"]
