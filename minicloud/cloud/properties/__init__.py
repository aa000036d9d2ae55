"""What a run promises: properties watched while it runs, checks judged after its end."""

from minicloud.cloud.properties.judging import crash_results
from minicloud.cloud.properties.promises import Promises
from minicloud.cloud.properties.results import CheckResult

__all__ = ["CheckResult", "Promises", "crash_results"]
