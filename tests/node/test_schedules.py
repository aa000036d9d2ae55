"""Schedules as files: every kind comes back as it was, and what is wrong is named by line."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud import dist, faults
from minicloud.errors import FileError, UsageError
from minicloud.node.faults import Schedule
from minicloud.node.faults.kinds import KINDS
from minicloud.node.faults.toml.lines import Lines

# Any schedule there is.

texts = st.text(max_size=8)
names = st.one_of(
    st.sampled_from(["r1", "r*", "@leader", "@any:r*", "@minority", "@zone:eu/a", "@where:a=b"]),
    st.text(min_size=1, max_size=6).filter(lambda name: not name.startswith("@")),
)
hosts = st.one_of(names, st.lists(names, min_size=1, max_size=3))
share = st.one_of(st.sampled_from([0, 1]), st.floats(0, 1))
seconds = st.floats(0, 1e6)
some = st.one_of(st.integers(1, 1000), st.floats(1e-6, 1e6))
any_number = st.floats(-1e6, 1e6)
ppm = st.floats(-999_999, 1e6)

simple = st.one_of(
    st.builds(dist.Constant, seconds),
    st.builds(lambda low, more: dist.Uniform(low, low + more), seconds, seconds),
    st.builds(dist.Exponential, some, shift=st.sampled_from([0.0, 0.5])),
    st.builds(dist.Lognormal, some, st.floats(0, 20), cap=st.sampled_from([None, 2000000.0])),
    st.builds(dist.Pareto, some, st.floats(0.1, 10)),
    st.builds(dist.Empirical, st.lists(seconds, min_size=1, max_size=4)),
)
delays = st.one_of(
    seconds,
    simple,
    st.builds(dist.Mixture, st.lists(st.tuples(some, simple), min_size=1, max_size=3)),
)
groups = st.lists(hosts, min_size=2, max_size=3)
shapes = st.sampled_from(["@halves", "@isolate", "@majority"])
directed = st.fixed_dictionaries(
    {}, optional={"source": hosts, "target": hosts, "message": texts}
) | st.fixed_dictionaries({"replies_to": texts})

FIELDS = {
    "partition": {"groups": groups | st.sampled_from(["@ring", "@majorities-ring", "@bridge"])},
    "one-way": {"sources": hosts, "targets": hosts},
    "bridge": {"left": hosts, "bridge": hosts, "right": hosts},
    "isolate": {"hosts": hosts},
    "ring": {"hosts": hosts, "reach": st.integers(1, 9)},
    "flapping": {"groups": groups | shapes, "period": some},
    "loss": {"probability": share},
    "burst-loss": {"p_bad": share, "p_good": share, "loss_good": share, "loss_bad": share},
    "delay": {"extra": delays},
    "duplicate": {"probability": share, "after": delays},
    "reorder": {"probability": share, "by": delays},
    "corrupt": {"probability": share, "detected": st.booleans()},
    "bandwidth": {"bytes_per_s": some, "queue_bytes": st.none() | st.integers(0, 10**9)},
    "drop": {"count": st.none() | st.integers(0, 9)},
    "hold": {},
    "crash": {"disk": st.sampled_from(["lose-unsynced", "keep", "torn", "wipe"])},
    "pause": {"freeze_clock": st.booleans()},
    "slow": {"times": some, "by": seconds},
    "clock-step": {"by": any_number},
    "clock-offset": {"by": any_number},
    "clock-drift": {"ppm": ppm},
    "clock-unsynced": {"ppm": ppm},
    "disk-slow": {"times": some, "by": seconds},
    "disk-stall": {},
    "disk-full": {},
    "disk-error": {"probability": share, "on": st.sampled_from(["write", "sync", "both"])},
    "disk-lost-sync": {},
    "disk-corrupt": {"file": texts, "probability": share},
}
times = {"at": st.none() | st.integers(0, 99) | seconds, "lasts": st.none() | some}


@st.composite
def fault_of(draw, kind, *, rolls=False):
    if kind == "rolling":
        each = draw(fault_of(draw(st.sampled_from(["crash", "isolate", "disk-error"])), rolls=True))
        fields = {"fault": each, "every": draw(some)}
    else:
        fields = draw(st.fixed_dictionaries(FIELDS[kind]))
    cls = KINDS[kind]
    if issubclass(cls, faults.HostFault):
        fields["hosts"] = draw(hosts)
    if issubclass(cls, faults.Directed):
        fields |= draw(directed)
    fields |= {"lasts": draw(times["lasts"]), "at": None if rolls else draw(times["at"])}
    return cls(**fields)


any_fault = st.sampled_from(sorted(KINDS)).flatmap(fault_of)
window = st.tuples(st.floats(0, 1e3), st.floats(1e-3, 1e3)).map(lambda w: (w[0], w[0] + w[1]))
schedules = st.builds(
    Schedule,
    st.lists(any_fault, max_size=4),
    heal_at=st.none() | some,
    quiet=st.lists(window, max_size=2),
    guard=st.sampled_from(["minority", None, 0, 3]),
)


def said(schedule):
    """All that a run could see of it, to the digit."""
    return repr(schedule.faults)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=25)
@given(data=st.data())
def test_every_kind_comes_back_as_it_was(kind, data):
    schedule = Schedule([data.draw(fault_of(kind))])
    text = schedule.dumps()
    assert Schedule.loads(text) == schedule
    assert said(Schedule.loads(text)) == said(schedule)
    assert f'fault = "{kind}"' in text


@given(schedules)
def test_a_schedule_comes_back_as_it_was(schedule):
    again = Schedule.loads(schedule.dumps())
    assert again == schedule
    assert said(again) == said(schedule)
    assert again.dumps() == schedule.dumps()
    as_json = msgspec.json.decode(msgspec.json.encode(schedule), type=Schedule)
    assert as_json == schedule
    assert said(as_json) == said(schedule)


def test_every_kind_is_covered():
    assert sorted(FIELDS) == sorted(set(KINDS) - {"rolling"})


def test_a_file_is_read_and_written(tmp_path):
    plan = Schedule([faults.Crash(faults.leader, at=12, lasts=8)], heal_at=60)
    plan.write(tmp_path / "plan.toml")
    assert Schedule.read(tmp_path / "plan.toml") == plan
    with pytest.raises(FileError, match=r"gone.toml can't be read: No such file"):
        Schedule.read(tmp_path / "gone.toml")
    with pytest.raises(UsageError, match="can't be written"):
        plan.write(tmp_path / "gone" / "plan.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(FileError, match="not UTF-8"):
        Schedule.read(tmp_path / "bytes.toml")
    (tmp_path / "typo.toml").write_text("\nheal_at = -1\n")
    with pytest.raises(FileError) as caught:
        Schedule.read(tmp_path / "typo.toml")
    assert str(caught.value) == f"{tmp_path}/typo.toml:2: heal_at: give seconds above 0, and is -1"


def test_a_fault_with_a_function_can_not_be_written(tmp_path):
    plan = Schedule([faults.Hold(), faults.Drop(when=lambda message: True)])
    with pytest.raises(UsageError, match=r"faults\[1\].when: it can't be written"):
        plan.write(tmp_path / "plan.toml")
    assert not (tmp_path / "plan.toml").exists()


def test_the_order_of_a_schedule_is_by_time_then_as_given():
    late, first, second = (faults.Pause(n, at=at) for n, at in (("a", 2), ("b", None), ("c", 0)))
    assert Schedule([late, first, second]).in_order() == (first, second, late)


# Each is a name, a schedule, and on which line what must be said of it.
WRONG = re.findall(
    r"^=== (.*?)\n(.*?)\n--- (\d+): (.*?)$",
    (Path(__file__).parent / "wrong_schedules.txt").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)


def test_there_are_wrong_ones():
    assert len(WRONG) == 29


@pytest.mark.parametrize(
    ("text", "line", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_is_named_with_its_line(text, line, words):
    with pytest.raises(FileError) as caught:
        Schedule.loads(text, "plan.toml")
    assert str(caught.value).startswith(f"plan.toml:{line}: {words}")
    assert "\n" not in str(caught.value)


def test_lines_are_found_through_strings_comments_lists_and_tables():
    text = '''# [[fault]] is none
a = """
[[fault]]
"""
b = [  # ]
  ["x", "]"],
]
z = 1
[[fault]]   # the first
"quoted key" = 1
c.d = {e = 1}

[fault.sub]
f = \'\'\'
g = 1
\'\'\'
[[fault.list]]
h = 1
[[fault.list]]
h = 2
[[ "fault" ]]
h = 3
'''
    lines = Lines(text)
    found = {
        ("a",): 2,
        ("b",): 5,
        ("z",): 8,
        ("fault", 0): 9,
        ("fault", 0, "quoted key"): 10,
        ("fault", 0, "c", "d"): 11,
        ("fault", 0, "c", "d", "e"): 11,
        ("fault", 0, "sub", "f"): 14,
        ("fault", 0, "list", 1, "h"): 20,
        ("fault", 1): 21,
        ("fault", 1, "h"): 22,
        ("fault", 1, "nowhere"): 21,
        ("nowhere",): 1,
    }
    assert {path: lines.of(path) for path in found} == found


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Schedule([3]), r"faults\[0\]: give a fault, and not 3"),
        (lambda: Schedule(heal_at=0), "heal_at: give seconds above 0"),
        (lambda: Schedule(quiet=[(3, 2)]), r"quiet\[0\]: give \[from, to\]"),
        (lambda: Schedule(guard=-1), "guard"),
        (lambda: Schedule(guard="all"), "guard"),
        (lambda: Schedule(guard=True), "guard"),
        (lambda: faults.Rolling(faults.Loss(0.5)), "Rolling fault: give a fault of hosts"),
        (lambda: faults.Rolling(faults.Ring("a")), "Rolling fault: give a fault of hosts"),
        (lambda: faults.Rolling(faults.Crash("a", at=1)), "leave out its at"),
        (lambda: faults.Crash("a", disk="burnt"), "say one of lose-unsynced"),
        (lambda: faults.DiskError("a", on="read"), "say write, sync or both"),
        (lambda: faults.Slow("a", times=0), "a factor above 0"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(make, words):
    with pytest.raises(UsageError, match=words):
        make()
