"""SWIM (Das, Gupta, Motivala 2002) as a value, with a switch for each rule."""

from minicloud.protocols.detection.swim.claims import Change, Claim, Status, beats
from minicloud.protocols.detection.swim.messages import Ack, AnyMessage, Ping, PingReq, Sync
from minicloud.protocols.detection.swim.rules import Rules, Settings
from minicloud.protocols.detection.swim.swim import Output, Swim

__all__ = [
    "Ack",
    "AnyMessage",
    "Change",
    "Claim",
    "Output",
    "Ping",
    "PingReq",
    "Rules",
    "Settings",
    "Status",
    "Swim",
    "Sync",
    "beats",
]
