"""A comparison of algorithms as people read it: on a terminal, in one page, in tables."""

from minicloud.report.comparing.files import write_bench
from minicloud.report.comparing.terminal import bench_lines, change_lines, wall_lines

__all__ = ["bench_lines", "change_lines", "wall_lines", "write_bench"]
