"""The examples of docs/stepping.md do what the guide says."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import minicloud.testing
from minicloud.testing import Simulation, strategies

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parents[2] / "docs/stepping.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
BLOCKS = [block for language, block in FENCED if language == "python"]
(TOLD,) = [block for language, block in FENCED if language == ""]
TESTS = [block for block in BLOCKS if block.startswith("# test_")]
CELLS = [block for block in BLOCKS if block not in TESTS]


def test_the_cells_of_the_notebook_run_one_after_another(monkeypatch):
    module = ModuleType("stepping_guide")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # messages look their types up there
    for number, cell in enumerate(CELLS, 1):
        exec(compile(cell, f"docs/stepping.md, cell {number}", "exec"), vars(module))


@pytest.mark.parametrize("example", TESTS, ids=[text.split()[1] for text in TESTS])
def test_an_example_passes(project, example):
    name = example.split()[1]
    project.write(example, name)
    result = project.run(name)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*1 passed*"])


@pytest.mark.slow
def test_without_its_rule_the_register_fails_as_the_guide_says(project):
    (example,) = [text for text in TESTS if "the rule" in text]
    lines = [line for line in example.splitlines() if "# the rule" not in line]
    phases = "phases=[Phase.generate, Phase.shrink]"
    more = f"max_examples=2000, derandomize=True, stateful_step_count=20, {phases}"
    source = "\n".join(lines).replace("max_examples=50", more)
    source = source.replace("import settings", "import Phase, settings")
    project.write(source + "\n", "test_register.py")
    result = project.run("test_register.py")
    result.assert_outcomes(failed=1)
    steps = re.findall(r"state(?:\.| =).*", result.stdout.str())
    told = [step for step in steps if "a_majority" not in step]
    assert told == TOLD.splitlines()


def test_there_are_examples():
    assert (len(CELLS), len(TESTS)) == (3, 2)


def test_everything_public_is_in_the_guide():
    public = [name for name in vars(Simulation) if not name.startswith("_")]
    known = {"cloud", "now", "by_hand", "inside", *re.findall(r"`sim\.(\w+)", TEXT)}
    assert sorted(set(public) - known) == []
    assert [name for name in strategies.__all__ if name not in TEXT] == []
    assert "Future" in minicloud.testing.__all__
