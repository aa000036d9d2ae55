"""What a run measured, from operations that are written out."""

import pytest

from minicloud.check.event import Operation
from minicloud.net.faults.bands import Band
from minicloud.scenario.comparing.measures import measure, stale_reads

S, MS = 1_000_000_000, 1_000_000


def ops_of(*rows):
    """(due, start, end) in seconds, end None where it is unknown; and more by name."""
    found = []
    for number, (due, start, end, *more) in enumerate(rows):
        more = more[0] if more else {}
        outcome = more.pop("outcome", "ok" if end is not None else "info")
        op = Operation(
            process=number,
            f=more.pop("f", "step"),
            argument=more.pop("argument", None),
            outcome=outcome,
            start=int(start * 1000) * 2,
            start_ns=round(start * S),
            end=None if end is None else int(end * 1000) * 2 + 1,
            end_ns=None if end is None else round(end * S),
            due=None if due == start else round(due * S),
            **more,
        )
        found.append(op)
    return found


def figures(ops, bands=(), **counts):
    counts = {"messages": 0, "syncs": 0, **counts}
    return measure(ops, list(bands), **counts).figures


def test_response_time_is_from_the_intended_start_and_service_time_from_the_real_one():
    found = figures(ops_of((1.0, 3.0, 3.5), (2.0, 2.0, 2.1)))
    assert (found["resp.max"], found["svc.p99"]) == (2500.0, 500.0)
    assert found["resp.p50"] == 100.0


def test_shares_and_counts():
    ops = ops_of((1, 1, 2), (2, 2, None), (3, 3, 4, {"outcome": "fail"}), (5, 5, 6))
    found = figures(ops, messages=24, syncs=2)
    assert (found["ok"], found["msgs"], found["syncs"]) == (50.0, 6.0, 0.5)
    assert found["rate"] == 0.5
    assert found["resp.max"] == 1000.0


def test_a_run_without_operations_knows_nothing():
    found = figures([])
    assert set(found.values()) == {None}
    assert measure([], [], messages=3, syncs=0).timeline == []


def test_unavailable_is_from_who_got_no_answer_to_the_next_who_got_one():
    rows = [(t, t, t + 0.1) for t in (1, 2, 7, 8)]
    rows += [(t, t, None) for t in (3, 4, 5)]
    rows += [(9.0, 9.0, None), (9.5, 9.5, None)]
    assert figures(ops_of(*rows))["unavail"] == pytest.approx((7 - 3) + (9.5 - 9))


def recovering(*slow, fault=(5, 10), until=20):
    """Ten calls a second that take 10 ms, but for spans in which they take a second."""
    rows = []
    for tick in range(until * 10):
        t = tick / 10
        took = 1.0 if any(a <= t < b for a, b in slow) else 0.01
        rows.append((t, t, t + took))
    bands = [Band("cut", "cut", fault[0] * S, fault[1] * S)]
    return figures(ops_of(*rows), bands)["recover"]


def test_recovery_is_from_the_end_of_the_fault_to_ten_good_answers():
    assert recovering((5, 12.0)) == pytest.approx(2.0)
    assert recovering((5, 10)) == 0.0
    # Nine good ones in a row are no recovery.
    assert recovering((5, 12), (12.9, 13.0)) == pytest.approx(3.0)
    # It never came.
    assert recovering((5, 20)) == pytest.approx(9.9, abs=1e-6)


def test_recovery_is_unknown_without_a_fault_that_ended():
    ops = ops_of(*[(t, t, t + 0.01) for t in range(20)])
    assert figures(ops)["recover"] is None
    assert figures(ops, [Band("cut", "cut", 5 * S, None)])["recover"] is None


def test_faults_that_lie_over_each_other_end_together():
    ops = ops_of(*[(t / 10, t / 10, t / 10 + (1 if 50 <= t < 120 else 0.01)) for t in range(200)])
    bands = [Band("a", "cut", 5 * S, 8 * S), Band("b", "cut", 7 * S, 10 * S)]
    assert figures(ops, bands)["recover"] == pytest.approx(2.0)


def read(start, end, result, key="x"):
    return (start, start, end, {"f": "read", "key": key, "result": result})


def write(start, end, value, key="x"):
    return (start, start, end, {"f": "write", "key": key, "argument": value})


@pytest.mark.parametrize(
    ("rows", "stale"),
    [
        ([write(1, 2, 10), read(3, 4, 10)], 0),
        ([write(1, 2, 10), read(3, 4, None)], 1),
        ([write(1, 2, 10), write(3, 4, 20), read(5, 6, 10)], 1),
        # Both writes were under way at once, so either may be the last.
        ([write(1, 4, 10), write(3, 5, 20), read(6, 7, 10)], 0),
        # The later one had not finished when the read began.
        ([write(1, 2, 10), write(3, 8, 20), read(5, 6, 10)], 0),
        # A write of unknown outcome may be the last at any time.
        ([write(1, None, 10), write(3, 4, 20), read(5, 6, 10)], 0),
        ([write(1, 2, 10), read(3, 4, None, key="y")], 0),
        ([write(1, 2, 10), write(3, 4, 20), read(5, None, 10), read(5, 6, 20)], 0),
    ],
)
def test_a_stale_read_missed_a_write_that_had_finished(rows, stale):
    assert stale_reads(ops_of(*rows))[0] == stale


def test_nobody_knows_what_is_stale_where_values_repeat_or_nothing_is_read():
    assert stale_reads(ops_of(write(1, 2, 10), write(3, 4, 10), read(5, 6, 10))) == (None, 0)
    assert stale_reads(ops_of(write(1, 2, 10))) == (None, 0)
    assert stale_reads(ops_of(write(1, 2, None), read(3, 4, None))) == (None, 0)
    assert stale_reads(ops_of((1, 1, 2))) == (None, 0)


def test_the_timeline_has_sixty_rows_and_loses_nobody():
    ops = ops_of(*[(t / 7, t / 7, t / 7 + 0.05 if t % 3 else None) for t in range(500)])
    found = measure(ops, [], messages=0, syncs=0)
    assert len(found.timeline) == 60
    assert sum(ok + bad for *_, ok, bad in found.timeline) == 500
    assert sum(found.response.values()) == sum(op.outcome == "ok" for op in ops)
    assert {round(half / MS) for _, half, _, ok, _ in found.timeline if ok} == {50}
