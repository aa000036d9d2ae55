"""Failure detectors as values: a fixed timeout, phi accrual and SWIM. They are told the time."""

from minicloud.protocols.detection.heartbeats import Detector, Heartbeats
from minicloud.protocols.detection.phi import PhiAccrual, Tail, phi_of, quantile_of
from minicloud.protocols.detection.swim import Rules, Settings, Swim

__all__ = [
    "Detector",
    "Heartbeats",
    "PhiAccrual",
    "Rules",
    "Settings",
    "Swim",
    "Tail",
    "phi_of",
    "quantile_of",
]
