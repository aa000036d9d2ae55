"""What engines with one order of writes need: an applied state, a journal, request numbers."""

from minicloud.services.kv.ordered.applied import Applied
from minicloud.services.kv.ordered.journal import Journal
from minicloud.services.kv.ordered.messages import Numbers, Perform
from minicloud.services.kv.ordered.refusals import Refusals

__all__ = ["Applied", "Journal", "Numbers", "Perform", "Refusals"]
