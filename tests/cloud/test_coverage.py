"""What a workload met: operations by outcome and by the kinds of fault in force meanwhile."""

import pytest
from helpers import STEADY, run

from minicloud import faults
from minicloud.check.history import History
from minicloud.cloud.properties.coverage import coverage_of
from minicloud.errors import Refused
from minicloud.net.faults.bands import Band


def history_of(*operations):
    history = History()
    for process, (begin, end, outcome) in enumerate(operations):
        number = history.invoke(time=begin, process=process, f="write", value=process)
        if end is not None:
            history.complete(number, time=end, type=outcome)
    return history


@pytest.mark.parametrize(
    ("begin", "end", "met"),
    [
        (0, 99, "-"),
        (0, 100, "loss"),
        (120, 130, "loss"),
        (0, 500, "loss"),
        (199, 300, "loss"),
        (200, 300, "-"),
        (300, 400, "loss"),
        (450, 460, "-"),
    ],
)
def test_a_fault_counts_from_its_begin_up_to_its_end(begin, end, met):
    bands = [Band("loss-2", "loss", 400, 450), Band("loss-1", "loss", 100, 200)]
    assert coverage_of(history_of((begin, end, "ok")), bands, 1000) == {("write", "ok", met): 1}


def test_bands_of_a_kind_that_overlap_count_once_and_kinds_each():
    bands = [
        Band("a", "loss", 100, 900),
        Band("b", "loss", 200, 300),
        Band("c", "pause", 250, None),
        Band("d", "delay", 990, None),
    ]
    history = history_of((10, 20, "fail"), (400, 500, "ok"), (980, None, None), (1000, 1000, "ok"))
    assert coverage_of(history, bands, 1000) == {
        ("write", "fail", "-"): 1,
        ("write", "info", "delay"): 1,
        ("write", "info", "pause"): 1,
        ("write", "ok", "delay"): 1,
        ("write", "ok", "loss"): 1,
        ("write", "ok", "pause"): 2,
    }


def test_a_run_keeps_its_coverage():
    async def main(cloud):
        cloud.net.profile(STEADY)
        alice = cloud.client("alice")

        async def read(*, refused=False):
            async with alice.recording("read", key="x"):
                await cloud.sleep(1)
                if refused:
                    raise Refused("no")

        await read()
        await cloud.sleep(1)
        with cloud.inject(faults.Loss(0.5)), pytest.raises(Refused):
            await read(refused=True)
        await read()

    assert run(main).coverage == {("read", "fail", "loss"): 1, ("read", "ok", "-"): 2}
    assert run(lambda cloud: cloud.sleep(1)).coverage == {}
