"""A history in, a judgement out. Pure: no Trio, no clock of a run, no nodes, no services.

`History` is recorded by clients or read from a file; a `Check` judges it; `linearizable` is one.
"""

from minicloud.check.api import FileVerdict, judge_file
from minicloud.check.event import Event, Operation, Outcome
from minicloud.check.formats import FORMATS
from minicloud.check.history import History
from minicloud.check.linearizable import linearizable
from minicloud.check.models import MODELS, Model
from minicloud.check.verdict import Check, Edge, Judgement, Verdict, violates

__all__ = [
    "FORMATS",
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
    "Verdict",
    "judge_file",
    "linearizable",
    "violates",
]
