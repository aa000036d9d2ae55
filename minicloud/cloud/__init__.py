"""What a user holds: the cloud, its clients, its history, its promises. Imports no service."""

from minicloud.cloud.client import Client, operation
from minicloud.cloud.cloud import Cloud, Spec
from minicloud.cloud.promises import CheckResult
from minicloud.cloud.recorder import RecordedHistory
from minicloud.cloud.run import Failure, Run, run_cloud
from minicloud.kernel.limits import Limits

__all__ = [
    "CheckResult",
    "Client",
    "Cloud",
    "Failure",
    "Limits",
    "RecordedHistory",
    "Run",
    "Spec",
    "operation",
    "run_cloud",
]
