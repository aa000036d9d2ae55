"""A history in, a judgement out. Pure: no Trio, no clock of a run, no nodes, no services.

`History` is recorded by clients or read from a file; a `Check` judges it; `linearizable` is one,
and there is one for each weaker level.
"""

from minicloud.check.api import FileVerdict, judge_file
from minicloud.check.event import Event, Operation, Outcome
from minicloud.check.formats import FORMATS
from minicloud.check.history import History
from minicloud.check.levels import (
    Staleness,
    bounded_staleness,
    causal,
    consistent_prefix,
    converged,
    sequential,
    staleness,
)
from minicloud.check.linearizable import linearizable
from minicloud.check.models import MODELS, Model
from minicloud.check.named import JUDGED_BY
from minicloud.check.sessions import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    session_guarantees,
    writes_follow_reads,
)
from minicloud.check.verdict import Check, Edge, Judgement, Verdict, violates

__all__ = [
    "FORMATS",
    "JUDGED_BY",
    "MODELS",
    "Check",
    "Edge",
    "Event",
    "FileVerdict",
    "History",
    "Judgement",
    "Model",
    "Operation",
    "Outcome",
    "Staleness",
    "Verdict",
    "bounded_staleness",
    "causal",
    "consistent_prefix",
    "converged",
    "judge_file",
    "linearizable",
    "monotonic_reads",
    "monotonic_writes",
    "read_your_writes",
    "sequential",
    "session_guarantees",
    "staleness",
    "violates",
    "writes_follow_reads",
]
