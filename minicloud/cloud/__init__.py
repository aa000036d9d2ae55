"""What a user holds: the cloud, its clients, its history, its promises. Imports no service."""

from minicloud.cloud.client import Client, operation
from minicloud.cloud.cloud import Cloud, Plan, Spec
from minicloud.cloud.properties import CheckResult
from minicloud.cloud.recorder import RecordedHistory
from minicloud.cloud.run import Failure, Run, run_cloud
from minicloud.cloud.script import Do, Script
from minicloud.kernel.limits import Limits

__all__ = [
    "CheckResult",
    "Client",
    "Cloud",
    "Do",
    "Failure",
    "Limits",
    "Plan",
    "RecordedHistory",
    "Run",
    "Script",
    "Spec",
    "operation",
    "run_cloud",
]
