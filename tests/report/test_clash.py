"""The window of operations that clash: its bars, its faults, and that it always fits."""

from hypothesis import given
from hypothesis import strategies as st
from test_screen_text import NASTY, assert_printable

from minicloud.check import Operation
from minicloud.net.faults.bands import Band
from minicloud.report.screen import WIDTH, cells, clash, figures

MS = 1_000_000


def op(number, start, end, outcome="ok", **fields):
    fields = {"process": 0, "f": "read", "argument": None, "client": f"c{number}", **fields}
    ended = {} if end is None else {"end": 2 * number + 1, "end_ns": end * MS}
    return Operation(start=2 * number, start_ns=start * MS, outcome=outcome, **fields, **ended)


def test_the_window_of_a_stale_read():
    window = [
        op(0, 1000, 1100, f="write", key="x", argument=2, result=2),
        op(1, 2000, 2001, key="x", result=1),
    ]
    lines = clash(window, [Band("partition-1", "partition", 900 * MS, None)])
    (fault, write, read) = lines
    assert write.split() == ["c0", "write", "x=2", "1.000", "├───┤", "1.100", "ok"]
    assert read.split() == ["c1", "read", "x", "2.000", "├─┤", "2.001", "ok", "→", "1"]
    assert fault.split() == ["partition", "█" * (read.index("┤") - write.index("├") + 1)]
    assert fault.index("█") == write.index("├") < write.index("┤") < read.index("├")
    assert read.rindex("ok") == write.rindex("ok")


def test_every_moment_has_its_own_column_where_times_are_far_apart():
    window = [op(n, start, start + 1, result=n) for n, start in enumerate((0, 10, 90_000, 90_002))]
    lefts = [line.index("├") for line in clash(window)]
    assert lefts == sorted(dict.fromkeys(lefts))
    rights = [line.index("┤") for line in clash(window)]
    assert all(right < left for right, left in zip(rights, lefts[1:], strict=False))


def test_who_never_heard_is_an_open_end():
    told = clash([op(0, 0, None, outcome="info"), op(1, 1, 3, outcome="fail")])
    assert "▷" in told[0]
    assert told[0].endswith("unknown")
    assert told[1].endswith("refused")


def test_an_operation_that_took_no_time():
    (line,) = clash([op(0, 5, 5, result=1)])
    assert "0.005 │ 0.005" in line


def test_many_operations_are_cut_and_counted():
    lines = clash([op(n, n, n + 1) for n in range(12)], most=4)
    assert len(lines) == 5
    assert lines[-1] == "    … and 8 more operations"
    assert clash([]) == []


def test_faults_that_were_over_or_still_to_come_are_left_out():
    bands = [Band("a-1", "a", 0, 10 * MS), Band("b-1", "b", 50 * MS, None)]
    assert len(clash([op(0, 20, 30)], bands)) == 1


@st.composite
def windows(draw):
    moment, window = 0, []
    for number in range(draw(st.integers(1, 12))):
        moment += draw(st.sampled_from((0, 1, 1000, 10**6, 10**9, 10**13)))
        ended = draw(st.one_of(st.none(), st.sampled_from((0, 1, 10**6, 10**12))))
        outcome = draw(st.sampled_from(("ok", "fail", "info")))
        end = None if ended is None or outcome == "info" else moment + ended
        window.append(
            Operation(
                process=number,
                f=draw(NASTY),
                key=draw(st.one_of(st.none(), NASTY)),
                argument=draw(st.one_of(st.none(), NASTY, st.lists(st.integers()))),
                result=draw(st.one_of(st.none(), NASTY, st.integers())),
                outcome=outcome,
                start=2 * number,
                start_ns=moment,
                end=None if end is None else 2 * number + 1,
                end_ns=end,
                client=draw(st.one_of(st.none(), NASTY)),
            )
        )
    return window


BANDS = st.lists(
    st.builds(Band, name=NASTY, kind=NASTY, begin_ns=st.integers(0, 10**13), end_ns=st.none()),
    max_size=3,
)


@given(windows(), BANDS)
def test_it_fits_whatever_it_is_about(window, bands):
    for line in [*clash(window, bands), *figures(window)]:
        assert_printable(line)
        assert cells(line) <= WIDTH, line


def test_figures_are_counts_and_nearest_ranks():
    many = [op(n, 0, n, result=1) for n in range(1, 101)]
    refused = [op(200 + n, 0, 5, outcome="fail", f="write", argument=1) for n in range(3)]
    head, read, write = figures([*many, *refused])
    assert head.split() == ["ok", "refused", "unknown", "p50", "p99", "max"]
    assert read.split() == ["read", "100", "0", "0", *["50", "ms", "99", "ms", "100", "ms"]]
    assert write.split() == ["write", "0", "3", "0"]


def test_a_table_of_a_handful_is_not_worth_it():
    assert figures([op(n, 0, 1) for n in range(9)]) == []
