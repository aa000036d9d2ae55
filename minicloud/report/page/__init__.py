"""The picture of a run: a run folder in, one file of HTML out that needs no network."""

from minicloud.report.page.building import PAGE, page_of, write_page
from minicloud.report.page.cutting import Slice

__all__ = ["PAGE", "Slice", "page_of", "write_page"]
