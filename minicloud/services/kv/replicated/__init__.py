"""What primary-backup and chain replication share: replicas of a log, and who decides on views."""

from minicloud.services.kv.replicated.desk import Desk
from minicloud.services.kv.replicated.link import Link
from minicloud.services.kv.replicated.messages import (
    Answered,
    Begin,
    Change,
    Elsewhere,
    Granted,
    Look,
    Newest,
    Order,
    Ping,
    Promised,
    Seal,
    Ship,
    Shipped,
    Tip,
    Which,
)
from minicloud.services.kv.replicated.monitor import Monitor
from minicloud.services.kv.replicated.nearby import Nearby, Reply
from minicloud.services.kv.replicated.replica import Duty, Replica

__all__ = [
    "Answered",
    "Begin",
    "Change",
    "Desk",
    "Duty",
    "Elsewhere",
    "Granted",
    "Link",
    "Look",
    "Monitor",
    "Nearby",
    "Newest",
    "Order",
    "Ping",
    "Promised",
    "Replica",
    "Reply",
    "Seal",
    "Ship",
    "Shipped",
    "Tip",
    "Which",
]
