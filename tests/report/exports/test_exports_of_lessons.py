"""Every format, of two variants of every lesson, read by whoever is to read it."""

import json
from collections import Counter

import pytest
from consumers import (
    check_jepsen,
    check_openmetrics,
    check_otlp,
    check_perfetto,
    check_shiviz,
)
from records import every_case, recorded

from minicloud.check import History
from minicloud.errors import UsageError
from minicloud.report.exports import FORMATS, Scope
from minicloud.report.exports.mermaid import LARGEST
from minicloud.report.exports.mermaid import MOST as MOST_MESSAGES
from minicloud.report.exports.otlp import otlp
from minicloud.report.exports.shiviz import MOST as MOST_EVENTS

QUICK = ("double_charge",)
CASES = [
    pytest.param(case, marks=() if case[0] in QUICK else pytest.mark.slow, id="-".join(case))
    for case in every_case()
]


@pytest.fixture(params=CASES)
def recording(request):
    return recorded(*request.param)


WHOLE = Scope()


def export(recording, name, scope=WHOLE):
    return FORMATS[name].write(recording, scope)


def test_every_reader_takes_every_lesson(recording, tmp_path):
    delivered = sum(f.delivered for m in recording.messages.values() for f in m.fates)

    events = check_perfetto(export(recording, "perfetto").files[0])
    assert sum(e["ph"] == "f" for e in events) == delivered
    operations = [e for e in events if e["ph"] == "b" and e["cat"] == "operation"]
    assert len(operations) == len(recording.calls)

    exported = export(recording, "shiviz")
    count = sum(e.type != "decision" for e in recording.events.all)
    shown = min(count, MOST_EVENTS)
    check_shiviz(exported.files[0], shown)
    assert bool(exported.said) == (count > MOST_EVENTS)

    if recording.calls:
        (text,) = export(recording, "otlp").files
        spans = check_otlp(text)
        # A trace an operation, and one of the faults.
        traces = {trace for trace, _ in spans}
        assert len(traces) == len(recording.calls) + bool(recording.faults)
    else:
        with pytest.raises(UsageError, match="no operation of the run is inside"):
            export(recording, "otlp")

    families = check_openmetrics(export(recording, "openmetrics").files[0])
    total = sum(s.value for s in families["minicloud_messages"].samples)
    assert total == sum(len(m.fates) for m in recording.messages.values())

    (text,) = export(recording, "jepsen").files
    events = check_jepsen(text)
    (tmp_path / "history.edn").write_text(text, "utf-8")
    if recording.calls:
        assert History.read(tmp_path / "history.edn").events == recording.history
    values = json.loads(export(recording, "jepsen-json").files[0])
    assert [v["index"] for v in values] == [e["index"] for e in events]

    (text,) = export(recording, "mermaid").files
    assert len(text) < LARGEST
    arrows = [line for line in text.splitlines() if "->>" in line or "-x" in line]
    assert 0 < len(arrows) <= MOST_MESSAGES


def test_a_drop_is_drawn_with_its_reason():
    recording = recorded("double_charge", "naive")
    (text,) = export(recording, "mermaid").files
    assert "p2--xp1: 0.002 s ✖ Pay answer dropped by drop-1" in text
    events = json.loads(export(recording, "perfetto").files[0])["traceEvents"]
    assert any(e.get("args", {}).get("fate") == "dropped by drop-1" for e in events)
    families = check_openmetrics(export(recording, "openmetrics").files[0])
    labels = [s.labels for s in families["minicloud_messages"].samples]
    assert {"kind": "Pay", "fate": "dropped", "by": "drop-1"} in labels


def test_metrics_count_what_the_result_counts():
    recording = recorded("double_charge", "keyed")
    families = check_openmetrics(export(recording, "openmetrics").files[0])
    found = {s.labels["outcome"]: s.value for s in families["minicloud_operations"].samples}
    outcomes = Counter(call.outcome for call in recording.calls.values())
    assert found == {"ok": outcomes["ok"], "unknown": outcomes["info"]}
    assert found["ok"] == sum(recording.result["coverage"]["pay"]["ok"].values())
    (count,) = [
        s.value
        for s in families["minicloud_operation_duration_seconds"].samples
        if s.name.endswith("_count") and s.labels["outcome"] == "ok"
    ]
    assert count == found["ok"]
    ups = {s.labels["node"]: s.value for s in families["minicloud_up"].samples}
    assert ups == {"bank": 1, "shop": 1}
    (cuts,) = [
        s.value for s in families["minicloud_power_cuts"].samples if s.labels["node"] == "bank"
    ]
    assert cuts == 1


def test_a_series_ends_where_the_snapshot_is():
    recording = recorded("double_charge", "naive")
    series = check_openmetrics(export(recording, "openmetrics", Scope(series=True)).files[0])
    final = check_openmetrics(export(recording, "openmetrics").files[0])
    for name in ("minicloud_messages", "minicloud_operations", "minicloud_up"):
        last = {tuple(s.labels.items()): s.value for s in series[name].samples}
        assert last == {tuple(s.labels.items()): s.value for s in final[name].samples}
    stamps = [float(s.timestamp) for s in series["minicloud_virtual_time_seconds"].samples]
    assert stamps == sorted(set(stamps))
    assert len(stamps) >= 20


def test_what_an_operation_did_is_one_trace():
    recording = recorded("double_charge", "naive")
    (text,) = export(recording, "otlp", Scope(op="shop:1")).files
    spans = [s for s in check_otlp(text).values() if s.name != "faults"]
    named = {span.name: span for span in spans}
    assert named["pay"].status.code == 2
    assert named["send Pay"].parent_span_id == named["pay"].span_id
    assert named["Pay"].parent_span_id == named["send Pay"].span_id
    answer = named["send Pay answer"]
    assert answer.parent_span_id == named["Pay"].span_id
    assert (answer.status.code, answer.status.message) == (2, "dropped by drop-1")
    assert named["pay"].links[0].span_id == named["drop"].span_id


def test_what_is_too_large_comes_in_files_that_are_whole():
    recording = recorded("quorum_is_not_linearizable", "naive")
    exported = otlp(recording, WHOLE, largest=100_000)
    assert len(exported.files) > 10
    assert max(map(len, exported.files)) <= 100_000
    one = check_otlp(export(recording, "otlp").files[0])
    found = {}
    for text in exported.files:
        spans = check_otlp(text)
        assert not {t for t, _ in spans} & {t for t, _ in found}, "a trace was torn apart"
        found |= spans
    assert found.keys() == one.keys()


def test_a_small_picture_shows_the_trouble():
    recording = recorded("quorum_is_not_linearizable", "naive")
    focus = recording.focus_ns()
    assert focus > 0
    (text,) = export(recording, "shiviz").files
    times = [float(words.split()[0]) for words, _, _ in check_shiviz(text, MOST_EVENTS)]
    assert times[0] <= focus / 1e9 <= times[-1] + 1e-6


def test_a_part_of_a_run_is_that_part():
    recording = recorded("quorum_is_not_linearizable", "naive")
    scope = Scope(1_000_000_000, 1_200_000_000)
    count = sum(scope.holds(e.record["time"]) for e in recording.events.all)
    events = check_shiviz(export(recording, "shiviz", scope).files[0], count)
    assert all(1.0 <= float(words.split()[0]) <= 1.2 for words, _, _ in events)
    (text,) = export(recording, "mermaid", scope).files
    drawn = [line for line in text.splitlines() if "->>" in line]
    assert all(1.0 <= float(line.split(": ")[1].split()[0]) <= 1.2 for line in drawn)
    assert drawn
