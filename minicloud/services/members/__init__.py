"""Who is there: a membership service on nodes, by heartbeats or by gossip.

    group = cloud.start(members.Swim(nodes=5))
    group.hosts[4].crash()
    await cloud.sleep(10)
    assert group.view("members-m1")["members-m5"] == "dead"

`Swim` probes one member a period and spreads the news; `Heartbeat` has every member tell every
other one that it lives, and judges silence by a fixed timeout or by phi. Guide: docs/membership.md.
"""

from minicloud.protocols.detection.swim import Rules
from minicloud.services.members.checks import accuracy, completeness, timely
from minicloud.services.members.group import Group, Opinion, SwimGroup
from minicloud.services.members.messages import Ack, Beat, Ping, PingReq, Sync
from minicloud.services.members.spec import Heartbeat, Swim

__all__ = [
    "Ack",
    "Beat",
    "Group",
    "Heartbeat",
    "Opinion",
    "Ping",
    "PingReq",
    "Rules",
    "Swim",
    "SwimGroup",
    "Sync",
    "accuracy",
    "completeness",
    "timely",
]
