"""Who asks, how often and for what: seeded loads. Knows services by their clients' methods only."""

from minicloud.workload.arrivals import Bursts, Every, Poisson
from minicloud.workload.client import Store, StoreClient
from minicloud.workload.load import Load
from minicloud.workload.running import RunningLoad
from minicloud.workload.workload import Dice, Workload

__all__ = [
    "Bursts",
    "Dice",
    "Every",
    "Load",
    "Poisson",
    "RunningLoad",
    "Store",
    "StoreClient",
    "Workload",
]
