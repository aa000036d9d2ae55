import json
import sys
from pathlib import Path

import msgspec
import pytest

from minicloud.errors import FileError, UsageError
from minicloud.scenario.sweeping import sweep

# One function inside another: it is run in this process, which is quicker.
LESSON = """
import os
from pathlib import Path
from minicloud import Cloud, holds, scenario
from helper import limit

def make():
    @scenario(fair=holds())
    async def lesson(cloud: Cloud, *, n: int = 1) -> None:
        with open("ran", "a") as ran:
            ran.write(f"{cloud.seed}\\n")
        cloud.check(lambda: cloud.seed % 7 < limit)
    return lesson

lesson = make()
"""
TRAVELS = """
@scenario(fair=holds())
async def travels(cloud: Cloud) -> None:
    if cloud.seed == 2 and not Path("mended").exists():
        os._exit(9)
    cloud.check(lambda: cloud.seed % 7 < limit)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("helper.py").write_text("limit = 5\n")
    Path("lesson.py").write_text(LESSON)
    monkeypatch.setattr(sys, "path", [*sys.path])


def swept(**options):
    Path("ran").write_text("")
    sys.modules.pop("helper", None)
    found = sweep("lesson.py", **{"resume": "kept", "jobs": 1, "guard": "off", **options})
    ran = [int(line) for line in Path("ran").read_text().split()]
    return [said(result) for result in found.results], sorted(ran)


def said(result):
    told = msgspec.to_builtins(result)
    del told["wall_s"]
    return told


def test_what_is_known_is_not_run_again_and_nothing_differs(here):
    whole, ran = swept(seeds=20)
    assert ran == list(range(20))
    lines = Path("kept").read_text().splitlines()
    assert list(json.loads(lines[0])) == ["sweep"]
    assert sorted(json.loads(line)["seed"] for line in lines[1:]) == list(range(20))
    assert swept(seeds=20) == (whole, [])
    Path("kept").write_text("\n".join([lines[0], *lines[15:18], *lines[3:9]]) + "\n")
    again, ran = swept(seeds=20)
    assert again == whole
    assert len(ran) == 11


def test_more_seeds_or_another_shard_go_on_in_the_same_file(here):
    swept(seeds=10, shard=(2, 2))
    assert swept(seeds=12)[1] == [0, 2, 4, 6, 8, 10, 11]


def test_a_line_that_was_cut_off_is_ignored_and_written_again(here):
    whole, _ = swept(seeds=5)
    text = Path("kept").read_bytes()
    for cut in (1, 30, len(text.splitlines()[-1])):
        Path("kept").write_bytes(text[:-cut])
        assert swept(seeds=5)[0] == whole
        assert len(Path("kept").read_text().splitlines()) == 6
        assert all(json.loads(line) for line in Path("kept").read_text().splitlines())


def test_a_first_line_that_was_cut_off_is_ours_only_if_it_looks_so(here):
    whole, _ = swept(seeds=3)
    Path("kept").write_bytes(Path("kept").read_bytes()[:40])
    assert swept(seeds=3) == (whole, [0, 1, 2])
    Path("kept").write_text("my notes")
    with pytest.raises(FileError, match="kept:1: not the file of a sweep"):
        swept(seeds=3)
    assert Path("kept").read_text() == "my notes"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"params": {"n": 2}}, "sweep: variant was fair and is null; n was 1 and is 2. Give"),
        ({"until": 3.0}, "until was null and is 3.0"),
        ({"order": "fifo"}, "order was random and is fifo"),
        ({"guard": "virtual"}, "guard was off and is virtual"),
    ],
)  # fmt: skip
def test_another_sweep_is_never_mixed_in(here, options, sentence):
    swept(seeds=3)
    kept = Path("kept").read_bytes()
    with pytest.raises(UsageError) as caught:
        swept(seeds=3, **options)
    assert sentence in str(caught.value)
    assert Path("kept").read_bytes() == kept


@pytest.mark.parametrize("file", ["lesson.py", "helper.py"])
def test_code_that_has_changed_is_another_sweep(here, file):
    swept(seeds=3)
    Path(file).write_text(Path(file).read_text() + "\n# changed\n")
    with pytest.raises(UsageError, match="the scenario's code has changed since"):
        swept(seeds=3)


def test_a_library_of_another_version_is_another_sweep(here, monkeypatch):
    swept(seeds=3)
    text = Path("kept").read_text()
    Path("kept").write_text(text.replace('"versions":{"python":"', '"versions":{"python":"9'))
    with pytest.raises(UsageError, match="python was 9"):
        swept(seeds=3)


def test_a_line_that_is_damaged_is_named(here):
    swept(seeds=3)
    lines = Path("kept").read_text().splitlines()
    Path("kept").write_text("\n".join([*lines[:2], '{"seed": 1}', lines[3]]) + "\n")
    with pytest.raises(FileError, match="kept:3: not a result of a sweep"):
        swept(seeds=3)


def test_a_file_that_cannot_be_written_or_is_in_use(here):
    with pytest.raises(UsageError, match="--resume nowhere/kept: cannot be written: No such file"):
        swept(seeds=3, resume="nowhere/kept")
    with pytest.raises(UsageError, match=r"--resume \.: cannot be written"):
        swept(seeds=3, resume=".")
    fcntl = pytest.importorskip("fcntl")
    with Path("kept").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="--resume kept: another sweep is writing to it"):
            swept(seeds=3)


def test_a_run_that_was_lost_is_tried_again(here):
    Path("lesson.py").write_text(LESSON.partition("def make")[0] + TRAVELS)
    first, _ = swept(seeds=4)
    assert [result["verdict"] for result in first] == ["valid", "valid", "unknown", "valid"]
    assert len(Path("kept").read_text().splitlines()) == 4
    Path("mended").touch()
    second, _ = swept(seeds=4)
    assert [result["verdict"] for result in second] == ["valid"] * 4


def test_until_failure_and_a_budget_go_on_where_they_were(here):
    whole, _ = swept(until_failure=True)
    assert [result["seed"] for result in whole] == list(range(6))
    assert swept(until_failure=True) == (whole, [])
