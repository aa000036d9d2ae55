"""Many runs at once: which seeds, over processes of this machine or others, and what they come to.

Jobs travel, functions do not. Processes, never threads: what the kernel borrows from Trio is global
to a process. Knows no terminal.
"""

from minicloud.scenario.sweeping.abroad import connected
from minicloud.scenario.sweeping.api import Ended, Sweep, ended, header_of, sweep
from minicloud.scenario.sweeping.crew import Work
from minicloud.scenario.sweeping.ledger import Ledger, ledger
from minicloud.scenario.sweeping.plan import (
    SEED_TIMEOUT_S,
    Plan,
    plan_of,
    seeds_of,
    shard_of,
)
from minicloud.scenario.sweeping.statistics import Share
from minicloud.scenario.sweeping.stream import cores, processes, run_jobs, sweep_results
from minicloud.scenario.sweeping.tally import Cluster, Tally, gravest

__all__ = [
    "SEED_TIMEOUT_S",
    "Cluster",
    "Ended",
    "Ledger",
    "Plan",
    "Share",
    "Sweep",
    "Tally",
    "Work",
    "connected",
    "cores",
    "ended",
    "gravest",
    "header_of",
    "ledger",
    "plan_of",
    "processes",
    "run_jobs",
    "seeds_of",
    "shard_of",
    "sweep",
    "sweep_results",
]
