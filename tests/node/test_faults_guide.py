"""docs/faults.md: its program and its schedule run, its errors are those that come, and its tables
hold every kind with every field.
"""

import re
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from minicloud import Load, faults, kv
from minicloud.check import Verdict, linearizable
from minicloud.cloud import run_cloud
from minicloud.errors import FileError
from minicloud.net.faults.names import SHAPES, WORDS
from minicloud.node.faults.kinds import KINDS

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "faults.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
(PROGRAM,) = [text for language, text in BLOCKS if language == "python"]
(PLAN,) = [text for language, text in BLOCKS if language == "toml"]
(ERRORS,) = [text.splitlines() for language, text in BLOCKS if language == ""]
ROWS = re.findall(r"^\| `([a-z-]+)` \| `(\w+)\((.*?)\)` \| (.*) \|$", GUIDE, re.MULTILINE)
COMMON = ("at", "lasts", "source", "target", "message", "replies_to")


def test_the_program_runs_and_holds(monkeypatch):
    module = ModuleType("faults_guide")
    monkeypatch.setitem(sys.modules, "faults_guide", module)
    exec(compile(PROGRAM, "docs/faults.md", "exec"), vars(module))
    run = run_cloud(module.main)
    assert run.error is None
    assert run.verdict is Verdict.VALID
    assert {"down", "pause", "partition", "delay", "disk-stall"} <= {b.kind for b in run.bands}


def test_the_schedule_is_read_runs_and_is_written_back():
    plan = faults.Schedule.loads(PLAN)
    assert faults.Schedule.loads(plan.dumps()) == plan

    async def main(cloud):
        store = cloud.start(kv.Quorum(nodes=3, linearizable=True))
        load = cloud.start(Load(store, clients=2, keys=2, per_s=10))
        cloud.check(linearizable(store))
        with cloud.inject(plan):
            await cloud.sleep(22)
        await load.finish(within=60)

    run = run_cloud(main)
    assert run.error is None
    assert run.verdict is Verdict.VALID
    assert {"partition", "down", "delay", "disk-error"} <= {band.kind for band in run.bands}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("lasts = 1.5", "lats = 1.5", ERRORS[0]),
        ('"exponential"', '"exponental"', ERRORS[1]),
        ("lasts = 4", "lasts = -4", ERRORS[2]),
    ],
)
def test_a_mistake_in_it_is_named_as_the_guide_says(old, new, error):
    with pytest.raises(FileError) as caught:
        faults.Schedule.loads(PLAN.replace(old, new), "plan.toml")
    assert str(caught.value) == error


def test_every_kind_is_in_the_tables_with_its_fields():
    assert sorted(kind for kind, *_ in ROWS) == sorted(KINDS)
    for kind, name, fields, _ in ROWS:
        cls = KINDS[kind]
        assert cls.__name__ == name
        own = [f.name for f in msgspec.structs.fields(cls) if f.name not in COMMON]
        assert fields.split(", ") == own or (fields, own) == ("", [])


def test_every_selector_and_shape_is_there():
    assert [word for word in WORDS if f'"@{word}' not in GUIDE] == []
    assert [shape for shape in SHAPES if f'`"{shape}"`' not in GUIDE] == []
