"""Faults of clocks: steps, offsets, drifts, a lost time server; alone, together, and their end."""

import pytest
from helpers import peers, value_of

from minicloud import faults
from minicloud.errors import UsageError
from minicloud.node.faults.apply import inject_on


def begin(host, *given):
    return [inject_on(fault, host) for fault in given]


def test_a_step_stays_an_offset_goes_and_neither_moves_a_timer():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        fired = []
        a.peek.after(5, lambda: fired.append(cloud.now))
        offsets = begin(a, faults.ClockOffset("a", by=7), faults.ClockOffset("a", by=-2))
        begin(a, faults.ClockStep("a", by=100))[0]()
        seen = [a.clock.offset()]
        a.clock.synchronise()
        seen.append(a.clock.offset())
        for end in offsets:
            end()
            seen.append(a.clock.offset())
        await cloud.sleep(6)
        return seen, fired

    assert value_of(main) == ([105.0, 5.0, -2.0, 0.0], [5.0])


def test_drifts_multiply_and_what_they_gained_stays():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        a.clock.drift(1_000_000)
        fast, faster = begin(a, *[faults.ClockDrift("a", ppm=500_000)] * 2)
        rates = []
        for end in (None, fast, faster):
            if end is not None:
                end()
            rates.append(a.clock.rate)
            await cloud.sleep(10)
        a.clock.drift(0)
        gained = a.clock.offset()
        await cloud.sleep(10)
        return rates, gained, a.clock.offset()

    rates, gained, later = value_of(main)
    assert rates == [4.5, 3.0, 2.0]
    assert gained == later == 35.0 + 20.0 + 10.0


def test_the_loss_of_the_time_server_ends_with_the_right_time_but_for_what_is_still_wrong():
    async def main(cloud):
        (a,) = peers(cloud, "a")
        first, second, offset = begin(
            a,
            faults.ClockUnsynced("a", ppm=100_000),
            faults.ClockUnsynced("a", ppm=-50_000),
            faults.ClockOffset("a", by=3),
        )
        seen = []
        await cloud.sleep(10)
        for end in (None, first, second, offset):
            if end is not None:
                end()
            seen.append(round(a.clock.offset(), 6))
        return seen, a.clock.rate

    assert value_of(main) == ([3.45, 3.45, 3.0, 0.0], 1.0)


def test_a_drift_that_would_stop_a_clock_is_refused():
    for cls in (faults.ClockDrift, faults.ClockUnsynced):
        with pytest.raises(UsageError, match="above -1e\\+06"):
            cls("a", ppm=-1_000_000)
