"""The nemesis: what goes wrong in a run, when, and with whom. Knows no load and no service."""

from minicloud.nemesis.generators import Plan, every, mix, on, sequence, within
from minicloud.nemesis.kinds import KINDS
from minicloud.nemesis.running import Chaos, begin
from minicloud.nemesis.swarm import Swarm

__all__ = [
    "KINDS",
    "Chaos",
    "Plan",
    "Swarm",
    "begin",
    "every",
    "mix",
    "on",
    "sequence",
    "within",
]
