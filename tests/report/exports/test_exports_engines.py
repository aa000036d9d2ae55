"""Exports in the programs that they are for: Perfetto's trace processor, and Mermaid itself."""

import re

import pytest
from engines import ask_perfetto, mermaid_texts
from records import NASTY, hostile, recorded

from minicloud.report.exports import FORMATS, Scope
from minicloud.report.exports.mermaid import _escaped

pytestmark = pytest.mark.slow

LESSONS = [("double_charge", "naive"), ("dead_or_slow", "hasty"), ("cap_in_one_picture", "naive")]
WRONG = "select name, value from stats where value > 0 and severity != 'info'"
OVERLAPS = "select name from stats where value > 0 and name like '%overlap%'"
ARROWS = """
select flow.slice_out, flow.slice_in, a.ts as sent, b.ts as arrived
from flow join slice a on a.id = flow.slice_out join slice b on b.id = flow.slice_in
"""
NAMES = "select distinct name from process where name is not null"
SPANS = "select name, ts, dur from slice where category = 'operation' order by ts"


@pytest.mark.parametrize("case", LESSONS)
def test_perfetto_finds_nothing_wrong(case, tmp_path):
    recording = recorded(*case)
    text = FORMATS["perfetto"].write(recording, Scope()).files[0]
    wrong, overlaps, arrows, names, spans = ask_perfetto(
        text, [WRONG, OVERLAPS, ARROWS, NAMES, SPANS], tmp_path
    )
    assert (wrong, overlaps) == ([], [])
    # Every arrow begins and ends where its message did, to the nanosecond.
    ways = sorted((arrow["sent"], arrow["arrived"]) for arrow in arrows)
    assert ways == sorted(
        (m.sent_ns, f.at_ns) for m in recording.messages.values() for f in m.fates if f.delivered
    )
    assert {row["name"] for row in names} == {"the cloud", *recording.lanes}
    assert sorted((s["ts"], s["dur"]) for s in spans) == sorted(
        (c.begin_ns, recording.end_of(c) - c.begin_ns) for c in recording.calls.values()
    )


def test_perfetto_reads_hostile_names(tmp_path):
    text = FORMATS["perfetto"].write(hostile(), Scope()).files[0]
    wrong, names = ask_perfetto(text, [WRONG, NAMES], tmp_path)
    assert wrong == []
    assert len(names) >= len(NASTY)


def test_perfetto_would_say_if_an_arrow_hung_in_the_air(tmp_path):
    text = FORMATS["perfetto"].write(recorded("double_charge", "naive"), Scope()).files[0]
    lines = [line for line in text.splitlines() if '"ph":"X"' not in line]
    (wrong,) = ask_perfetto("\n".join(lines), [WRONG], tmp_path)
    assert [row["name"] for row in wrong] == ["flow_no_enclosing_slice"]


def test_mermaid_draws_what_was_meant():
    every = "".join(map(chr, range(33, 127)))
    texts = [every, *(text for text in NASTY if text.strip()), "#lt; #35; &lt;", "a: b;c"]
    lines = ["sequenceDiagram", f"  title {_escaped(every)}"]
    for number, text in enumerate(texts):
        escaped = _escaped(text)
        lines.append(f"  participant p{number} as {escaped}")
        lines.append(f"  Note over p{number}: 1.000 s {escaped}")
        lines.append(f"  p{number}-->>p0: 2.000 s {escaped}")
    drawn, drawing = mermaid_texts("\n".join(lines) + "\n")
    shown = [" ".join(text.split()) for text in drawn]
    for text in texts:
        meant = " ".join(re.sub("[\x00-\x1f\u2028\ufeff]", " ", text).split())
        for before in ("", "1.000 s ", "2.000 s "):
            assert f"{before}{meant}" in shown, (before, text)
    assert "<img" not in drawing
    assert "<script" not in drawing


def test_mermaid_draws_a_lesson():
    recording = recorded("double_charge", "naive")
    scope = Scope(until_ns=2_600_000_000)
    source = FORMATS["mermaid"].write(recording, scope).files[0]
    drawn, drawing = mermaid_texts(source)
    assert drawing.count('class="messageText"') == len(re.findall("(?:->>|-x)", source))
    assert "0.002 s ✖ Pay answer dropped by drop-1" in drawn
    assert {"bank", "shop"} <= set(drawn)
