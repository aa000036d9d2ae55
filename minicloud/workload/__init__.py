"""Who asks, how often and for which keys: seeded loads. Knows stores by two methods, no service."""

from minicloud.workload.arrivals import Bursts, Every, Poisson
from minicloud.workload.client import Store, StoreClient
from minicloud.workload.load import Load, RunningLoad

__all__ = ["Bursts", "Every", "Load", "Poisson", "RunningLoad", "Store", "StoreClient"]
