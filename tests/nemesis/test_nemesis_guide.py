"""The guide's programs run, what they assert is so, and its tables name what there is."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from minicloud import Schedule, nemesis
from minicloud.check import Verdict
from minicloud.cloud import run_cloud

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "nemesis.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch, capsys):
    name = f"nemesis_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(PROGRAMS[number], f"docs/nemesis.md, program {number + 1}", "exec"), vars(module))
    run = run_cloud(module.main)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is Verdict.VALID
    assert run.script.schedules["nemesis"].faults
    assert "[[fault]]" in capsys.readouterr().out or number < 2


def test_the_file_of_the_guide_is_a_schedule():
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    schedule = Schedule.loads(text)
    assert [(f.kind, f.at, f.lasts) for f in schedule.faults] == [("crash", 2, 3)]


def test_the_table_names_every_kind_once():
    table = GUIDE[GUIDE.index("| kinds |") : GUIDE.index("`kinds=[")]
    named = []
    for row in table.splitlines()[2:]:
        cells = row.strip("|").split("|")
        if len(cells) == 2:
            family = cells[0].strip()
            named += [
                f"{family}{kind}" if kind.startswith("-") else kind
                for kind in re.findall(r"`([a-z-]+)`", cells[1])
            ]
    assert sorted(named) == sorted(nemesis.KINDS)
    unsafe = [name for name, kind in nemesis.KINDS.items() if not kind.safe]
    assert sorted(named[-4:]) == sorted(unsafe)


def test_there_are_programs():
    assert len(PROGRAMS) == 3
