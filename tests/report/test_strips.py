"""The picture in the terminal says what the history says, at 79 columns."""

from minicloud.check.history import History
from minicloud.net.faults.bands import Band
from minicloud.report.strips import strips

S = 1_000_000_000


def history_of(*operations):
    """Operations (client, start, end, outcome); an end of None never came."""
    history = History()
    events = []
    for process, (client, start, end, outcome) in enumerate(operations):
        events.append((start, process, client, "invoke"))
        if end is not None:
            events.append((end, process, client, outcome))
    begun = {}
    for time, process, client, kind in sorted(events):
        if kind == "invoke":
            begun[process] = history.invoke(
                time=round(time * S), process=process, f="write", value=process, client=client
            )
        else:
            history.complete(begun[process], time=round(time * S), type=kind)
    return history


def strip(lines, name):
    (line,) = [line for line in lines if line.strip().startswith(name)]
    return line.split()[-1]


def test_each_cell_shows_the_worst_that_ended_in_it():
    history = history_of(
        ("a", 0.1, 0.2, "ok"), ("a", 30, 30.1, "ok"), ("a", 30.2, 30.3, "fail"),
        ("a", 59, None, None), ("b", 0, 59.9, "info"),
    )  # fmt: skip
    lines = strips(history, [], 60)
    a, b = strip(lines, "a"), strip(lines, "b")
    assert (a[0], a[len(a) // 2], a[-2]) == ("●", "✖", "◆")
    assert b.strip("·") == "◆"
    assert b[0] == "◆", "an unknown outcome stands where the operation began"


def test_faults_are_bands_over_their_time():
    history = history_of(("a", 0, 1, "ok"))
    bands = [Band("partition-1", "partition", 20 * S, 40 * S), Band("r1", "down", 50 * S)]
    lines = strips(history, bands, 60)
    cut, down = strip(lines, "partition"), strip(lines, "down r1")
    cells = len(cut)
    assert cut.index("█") == cells // 3
    assert abs(cut.count("█") - cells / 3) <= 1
    assert down.endswith("█")
    assert abs(down.index("█") - cells * 50 / 60) <= 1


def test_a_short_fault_is_not_lost():
    lines = strips(history_of(("a", 0, 1, "ok")), [Band("drop-1", "drop", 5 * S, 5 * S + 1)], 600)
    assert strip(lines, "drop").count("█") == 1


def test_it_fits_79_columns_whatever_the_names():
    operations = [(f"client-with-a-very-long-name-{i}", i, i + 0.5, "ok") for i in range(30)]
    lines = strips(history_of(*operations), [Band("x" * 60, "slow", 0, S)] * 9, 123456.789)
    assert max(map(len, lines)) <= 79
    assert any("20 more clients" in line for line in lines)


def test_names_are_in_natural_order():
    operations = [(f"c-{i}", 11 - i, 12 - i, "ok") for i in (10, 9, 2)]
    lines = strips(history_of(*operations), [], 20)
    names = [line.split()[0] for line in lines if "c-" in line]
    assert names == ["c-2", "c-9", "c-10"]


def test_there_is_no_picture_of_nothing():
    assert strips(History(), [], 60) == []


def test_clients_may_be_called_by_any_digits():
    names = ["c-²", "c-10", "c-2", "٣", "9" * 5000]
    lines = strips(history_of(*((name, 1, 2, "ok") for name in names)), [], 10.0)
    assert len(lines) == len(names) + 2
