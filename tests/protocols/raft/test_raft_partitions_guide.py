"""The page on partial partitions: its program runs, its figures are those of the golden files."""

import re
import sys
from pathlib import Path
from types import ModuleType

from raft_shapes import central, shapes

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

HERE = Path(__file__).parent
GUIDE = (HERE.parents[2] / "docs" / "partitions.md").read_text("utf-8")


def test_the_program_of_the_page_runs_and_holds(monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    module = ModuleType("partitions_guide")
    monkeypatch.setitem(sys.modules, "partitions_guide", module)
    exec(compile(program, "docs/partitions.md", "exec"), vars(module))
    run = run_cloud(module.main)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is Verdict.VALID


def test_the_figures_of_the_page_are_those_of_the_files():
    able = [links for links in shapes() if central(links)]
    assert f"| {len(shapes())} | {5 * len(shapes())} | {5 * len(able)} |" in GUIDE
    stuck = (HERE / "golden_shapes.txt").read_text("utf-8").splitlines()
    assert f"{len(stuck)} pairs" in GUIDE
    assert len({line.split(";")[0] for line in stuck}) == 6
    assert len((HERE / "golden_shapes_led.txt").read_text("utf-8").splitlines()) == 6
    first, second, third, *_ = (HERE / "golden_one_way.txt").read_text("utf-8").splitlines()
    for line in (first, second, third):
        for number in re.findall(r"\d+", line):
            assert f"{int(number):,}" in GUIDE or number == "6338"
