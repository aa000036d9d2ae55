"""Many runs: `sweep`, one scenario under many seeds; `verify`, every variant of every scenario."""

from minicloud.cli.many.sweep import sweep, workers_of
from minicloud.cli.many.verify import verify
from minicloud.scenario.sweeping import gravest

__all__ = ["gravest", "sweep", "verify", "workers_of"]
