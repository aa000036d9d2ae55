"""The engine `MultiLeader`: a leader in each region takes writes, and tells the others later."""

from minicloud.services.kv.leaders.messages import Act, Lacking, Ship
from minicloud.services.kv.leaders.spec import MultiLeader
from minicloud.services.kv.leaders.store import MultiLeaderStore

__all__ = ["Act", "Lacking", "MultiLeader", "MultiLeaderStore", "Ship"]
