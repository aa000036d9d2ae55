"""What pins a violation travels from its check to result.json, and through a sweep's processes."""

import json

import msgspec
import pytest

from minicloud.check import Edge, Judgement, Operation, Verdict, linearizable, violates
from minicloud.cloud import run_cloud
from minicloud.scenario.api import Scenario, scenario
from minicloud.scenario.result import CheckLine, CycleLine, Result, result_of
from minicloud.scenario.sweeping import sweep

EXTRA = {"evidence", "start", "key", "cycle", "at"}

STALE = '''
from minicloud import Cloud, scenario
from minicloud.check import linearizable

@scenario
async def stale(cloud: Cloud) -> None:
    """Reads what was overwritten."""
    cloud.check(linearizable("register"))
    cloud.never(_late(cloud))
    for f, value in (("write", 1), ("write", 2), ("read", 1)):
        async with cloud.history.operation(f, key="x", value=value if f == "write" else None) as op:
            await cloud.sleep(0.5)
            op.value = value


def _late(cloud):
    def too_late() -> bool:
        return cloud.now >= 1.0
    return too_late
'''


async def stale(cloud):
    for f, value in (("write", 1), ("write", 2), ("read", 1)):
        asked = value if f == "write" else None
        async with cloud.history.operation(f, key="x", value=asked) as op:
            await cloud.sleep(0.5)
            op.value = value


def lines(main):
    made = scenario(main)
    assert isinstance(made, Scenario)
    return result_of(made.case(), run_cloud(main)).checks


class Cycles:
    """A check as later ones will be: two operations that must each come before the other."""

    name = "serializable"

    def judge(self, history, *, timeout=30.0):
        first, second, *_ = history.operations()
        edges = (
            Edge(before=first, after=second, kind="ww", why="x=2 overwrote x=1"),
            Edge(before=second, after=first, kind="rw", why="it read what the other wrote later"),
        )
        return Judgement(
            verdict=Verdict.INVALID, why="a cycle", evidence=(first, second), cycle=edges
        )


def test_the_window_of_a_stale_read_is_named():
    async def main(cloud):
        """A lesson."""
        cloud.check(linearizable("register"))
        await stale(cloud)

    (line,) = lines(main)
    assert line.verdict == "invalid"
    assert line.evidence == ["scenario:1", "scenario:2", "scenario:3"]
    assert (line.key, line.start, line.at) == ("x", [], None)


def test_a_claimed_violation_has_the_evidence_of_its_check():
    async def main(cloud):
        """A lesson."""
        cloud.check(violates(linearizable("register")))
        await stale(cloud)

    (line,) = lines(main)
    assert line.verdict == "valid"
    assert line.evidence == ["scenario:1", "scenario:2", "scenario:3"]
    assert line.key == "x"


def test_what_holds_pins_nothing():
    async def main(cloud):
        """A lesson."""
        cloud.check(linearizable("register"))
        cloud.always(lambda: True)
        async with cloud.history.operation("write", key="x", value=1):
            await cloud.sleep(1)

    for line in lines(main):
        assert set(msgspec.to_builtins(line)) == {"name", "verdict", "detail"}


def test_a_cycle_is_carried_edge_by_edge():
    async def main(cloud):
        """A lesson."""
        cloud.check(Cycles())
        await stale(cloud)

    (line,) = lines(main)
    assert line.cycle == [
        CycleLine("scenario:1", "scenario:2", "ww", "x=2 overwrote x=1"),
        CycleLine("scenario:2", "scenario:1", "rw", "it read what the other wrote later"),
    ]
    assert line.evidence == ["scenario:1", "scenario:2"]


def test_an_operation_without_a_name_goes_by_its_place():
    async def main(cloud):
        """A lesson."""
        nameless = Operation(process=0, f="read", argument=None, outcome="ok", start=6, start_ns=0)
        judged = Judgement(verdict=Verdict.INVALID, why="so", evidence=(nameless,), start=("a",))
        check = Cycles()
        check.judge = lambda history, *, timeout: judged
        cloud.check(check)
        await cloud.sleep(1)

    (line,) = lines(main)
    assert (line.evidence, line.start) == ([6], ['"a"'])


@pytest.mark.parametrize("kind", ["always", "never", "eventually", "leads_to"])
def test_a_property_says_when_it_was_violated(kind):
    async def main(cloud):
        """A lesson."""
        if kind == "always":
            cloud.always(lambda: cloud.now < 2)
        elif kind == "never":
            cloud.never(lambda: cloud.now >= 2)
        elif kind == "eventually":
            cloud.eventually(within=2)(lambda: False)
        else:
            cloud.leads_to(lambda: False, within=1)(lambda: cloud.now >= 1)
        for _ in range(4):
            await cloud.sleep(1)

    (line,) = lines(main)
    assert line.verdict == "invalid"
    assert line.at == 2_000_000_000


def test_the_assertion_that_ended_a_run_has_its_moment():
    async def main(cloud):
        """A lesson."""
        await cloud.sleep(1.5)
        raise AssertionError("no")

    (line,) = lines(main)
    assert (line.name, line.at) == ("assertion", 1_500_000_000)


def test_a_sweeps_processes_hand_it_over(tmp_path):
    (tmp_path / "stale.py").write_text(STALE)
    swept = sweep(str(tmp_path / "stale.py"), seeds=range(2), jobs=2)
    for result in swept.results:
        by_name = {line.name: line for line in result.checks}
        assert by_name["linearizable"].evidence == ["scenario:1", "scenario:2", "scenario:3"]
        assert by_name["linearizable"].key == "x"
        assert by_name["too_late"].at == 1_000_000_000
        again = msgspec.json.decode(msgspec.json.encode(result), type=Result)
        assert again == result


def test_old_result_files_are_still_read():
    said = json.loads(msgspec.json.encode(CheckLine("check", "valid", "fine")))
    assert not EXTRA & set(said)
    assert msgspec.convert(said, CheckLine).evidence == []
