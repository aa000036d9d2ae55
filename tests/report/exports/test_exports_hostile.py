"""A run whose every name is hostile: no format takes it for markup, and none loses it."""

import json
import re

import pytest
from consumers import (
    check_jepsen,
    check_openmetrics,
    check_otlp,
    check_perfetto,
    check_shiviz,
    installed,
)
from records import HOSTS, NASTY, hostile

from minicloud.check import History
from minicloud.report.exports import FORMATS, Scope


def export(name, **options):
    return FORMATS[name].write(hostile(), Scope(**options)).files[0]


def test_shiviz_reads_every_event():
    events = check_shiviz(export("shiviz"), len(hostile().events.all))
    assert len({host for _, host, _ in events}) == len(NASTY) + 1
    assert all("\n" not in words for words, _, _ in events)


def test_perfetto_has_the_names_as_they_were():
    events = check_perfetto(export("perfetto"))
    names = [e["args"]["name"] for e in events if e["name"] == "process_name"]
    assert names == ["the cloud", *HOSTS]
    assert export("perfetto").isascii()


def test_opentelemetry_has_the_names_as_they_were():
    spans = check_otlp(export("otlp"))
    assert {span.name for span in spans.values()} >= set(NASTY)


def readable(texts):
    """Without what Prometheus' lexer would take for the end."""
    return {re.sub("[\x00-\x09\x0b-\x1f]", "\ufffd", text) for text in texts}


@pytest.mark.parametrize("series", [False, True])
def test_prometheus_has_the_names_as_they_were(series):
    families = check_openmetrics(export("openmetrics", series=series))
    nodes = {s.labels["node"] for s in families["minicloud_up"].samples}
    assert nodes == readable(HOSTS)
    kinds = {s.labels["kind"] for s in families["minicloud_messages"].samples}
    assert kinds == readable(NASTY)


def test_jepsen_has_the_values_as_they_were(tmp_path):
    events = check_jepsen(export("jepsen"))
    assert [e["f"] if isinstance(e["f"], str) else e["f"].name for e in events if "key" in e]
    (tmp_path / "history.edn").write_text(export("jepsen"), "utf-8")
    assert History.read(tmp_path / "history.edn").events == hostile().history
    values = json.loads(export("jepsen-json"))
    assert [v["key"] for v in values if "op" in v] == [k for k in NASTY for _ in range(2)]


def test_another_reader_of_edn_reads_the_same():
    reader = installed("edn_format", "edn_format")
    for line in export("jepsen").splitlines():
        event = reader.loads(line)
        named = {key.name: value for key, value in event.items()}
        if "op" in named:
            assert named["key"] in NASTY
            assert named["value"]["text"] == named["key"]
            assert named["value"]["n"][-1] == -(2**70)


def test_transactions_are_as_elle_wants_them():
    from minicloud.report.exports.jepsen import _transaction, edn

    value = [["append", "x", 3], ["r", "y", None]]
    assert edn(_transaction(value)) == '[[:append "x" 3] [:r "y" nil]]'


def test_mermaid_has_no_letter_that_it_would_read():
    lines = export("mermaid").splitlines()
    assert lines[0] == "sequenceDiagram"
    for line in lines[1:]:
        plain = line.partition(" as ")[2] or line.partition(": ")[2] or line.partition("title ")[2]
        without = [part for part in plain.split("#") if not part[:1].isdigit()]
        assert not set('<>&"%{}|`\\$@^~') & set(plain), line
        assert all(";" not in part for part in without), line
