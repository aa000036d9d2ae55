"""What a kept trace says of causes: an index of its events, slices of it, and these in words."""

from minicloud.report.causality.apart import apart_lines, comparison_lines
from minicloud.report.causality.chain import chain, slice_of
from minicloud.report.causality.columns import columns
from minicloud.report.causality.comparing import Comparison, compare
from minicloud.report.causality.events import Event, Events
from minicloud.report.causality.parting import Parting, parting

__all__ = [
    "Comparison",
    "Event",
    "Events",
    "Parting",
    "apart_lines",
    "chain",
    "columns",
    "compare",
    "comparison_lines",
    "parting",
    "slice_of",
]
