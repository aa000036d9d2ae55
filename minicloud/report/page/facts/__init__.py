"""What happened in a kept run, read from its folder into tables; nothing is judged or drawn."""

from minicloud.report.page.facts.operations import Op
from minicloud.report.page.facts.reading import Facts, facts_of

__all__ = ["Facts", "Op", "facts_of"]
