"""Two runs side by side: how they are aligned, and where they part."""

from pathlib import Path

import pytest

from minicloud.report.causality import Events, chain, compare, comparison_lines
from minicloud.report.screen import WIDTH, cells
from minicloud.scenario.folder import RunFolder
from minicloud.scenario.loading import load
from minicloud.scenario.running import keep

LESSON = """
from minicloud import Client, Cloud, Node, Request, handle, operation, scenario

class Put(Request[int]):
    value: int

class Keeper(Node):
    def __init__(self, *, limit: int) -> None:
        self.limit = limit

    @handle
    async def put(self, request: Put) -> int:
        await self.disk.append("log", request)
        await self.disk.sync("log")
        return min(request.value, self.limit)

class Teller(Client):
    @operation()
    async def put(self, value: int) -> int:
        return await self.call("keeper", Put(value), timeout=1.0)

@scenario
async def lesson(cloud: Cloud, *, limit: int = 9, first: int = 1) -> None:
    \"\"\"Puts numbers.\"\"\"
    cloud.node("keeper", Keeper, limit=limit)
    alice = cloud.client("alice", Teller)
    for value in range(first, first + 5):
        await cloud.sleep(0.5)
        await alice.put(value)
"""


@pytest.fixture
def kept(tmp_path):
    """Runs of the lesson, by seed and parameters."""

    def make(seed=0, name="lesson", **params):
        file = tmp_path / f"{name}.py"
        file.write_text(LESSON.replace("async def lesson", f"async def {name}"))
        made = load(file)
        case = made.case(None, params, seed=seed)
        done = keep(made, case, tmp_path / "runs", file=file, target=str(file))
        return RunFolder(Path(done.result.run))

    return make


def lines_of(one, other):
    lines = list(comparison_lines(compare(one, other), one, other))
    for line in lines:
        assert line.isprintable()
        assert cells(line) <= WIDTH
    return "\n".join(lines)


def test_a_run_is_the_same_as_itself(kept):
    one, other = kept(), kept()
    found = compare(one, other)
    assert found.same
    assert (found.by, found.parting, found.ending, found.differences) == ("events", None, None, ())
    assert found.other("b")["parting"] == {"number": 0, "t": 0, "one": [], "other": []}
    assert "✔ the same from beginning to end" in lines_of(one, other)


def test_of_one_seed_events_are_aligned_up_to_where_the_rule_matters(kept):
    one, other = kept(), kept(limit=3)
    found = compare(one, other)
    assert (found.by, found.same) == ("events", False)
    assert ("limit", "9", "3") in found.differences
    records = [list(Events(run.trace()).all) for run in (one, other)]
    number = found.number
    assert [e.record for e in records[0][: number - 1]] == [
        e.record for e in records[1][: number - 1]
    ]
    assert records[0][number - 1].record != records[1][number - 1].record
    assert found.parting is not None
    assert found.parting.fields == ["payload"]
    assert [event.number for event in found.parting.one][-1] == number
    assert found.parting.one[0].record["event"] == "invoke"
    assert found.ending is not None
    assert (found.ending.name, found.ending.one, found.ending.other) == (
        "alice:4",
        "ok with 4",
        "ok with 3",
    )
    told = lines_of(one, other)
    assert f"the runs part at event {number}" in told
    words = " ".join(told.split())
    assert "alice:4 put = 4: ok with 4 in the first, ok with 3 in the second" in words


def test_of_other_seeds_operations_are_aligned_that_ask_the_same(kept):
    one, other = kept(seed=1), kept(seed=2, limit=3)
    found = compare(one, other)
    assert (found.by, found.number) == ("operations", 0)
    assert found.how == "the seeds differ, so operations are aligned that ask the same: 5 do"
    assert found.ending is not None
    assert found.ending.name == "alice:4"
    assert found.parting is not None
    for side in (found.parting.one, found.parting.other):
        assert side[-1].record["event"] == "ok"
        assert side[0].record["event"] == "invoke"
    told = found.other("b")
    assert told["parting"]["number"] == 0
    assert told["parting"]["one"][-1].endswith("alice:4 ok put = 4")
    assert "the seeds differ" in lines_of(one, other)


def test_operations_that_all_end_alike_part_nowhere(kept):
    found = compare(kept(seed=1), kept(seed=2))
    assert (found.by, found.ending, found.parting, found.same) == ("operations", None, None, False)


def test_where_nothing_is_asked_alike_only_time_is_common(kept):
    one, other = kept(), kept(name="another", first=50)
    found = compare(one, other)
    assert (found.by, found.parting) == ("time", None)
    assert "the scenarios differ, and so does all that was asked" in lines_of(one, other)


def test_what_a_disk_did_has_a_cause(kept):
    events = Events(kept().trace())
    sync = next(e for e in events.all if e.type == "disk" and e.record["op"] == "sync")
    causes = chain(events, sync.number)
    assert [event.type for event in causes] == ["operation", "send", "fate", "disk"]
    assert causes[0].record["op"] == "alice:1"
