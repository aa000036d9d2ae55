"""The engine `Quorum`: any `r` replicas answer, any `w` keep. Replicas obey; clients coordinate."""

from minicloud.services.kv.quorum.messages import Ask, Fetch, Keep, Newer, Repair
from minicloud.services.kv.quorum.replica import Replica
from minicloud.services.kv.quorum.spec import Quorum

__all__ = ["Ask", "Fetch", "Keep", "Newer", "Quorum", "Repair", "Replica"]
