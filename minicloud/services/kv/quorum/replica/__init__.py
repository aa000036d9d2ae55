"""The replica's end of a quorum store: a table, its log, hints for others, hash trees."""

from minicloud.services.kv.quorum.replica.replica import Replica, Settings

__all__ = ["Replica", "Settings"]
