"""What reads an export at the other end: the tool's own parser where it can be installed, else its
rules, written down.
"""

import json
import re
from collections import Counter

import pytest

from minicloud.check.formats import Keyword, forms


def installed(module, what):
    told = f"{what} reads this; pip install minicloud[test,readers]"
    return pytest.importorskip(module, reason=told)


# --- ShiViz: its LogParser, and what its ModelGraph refuses


def shiviz_events(text):
    """(event, host, clock) as ShiViz reads an uploaded file; complains as it would."""
    parser, separator, log = text.split("\n", 2)
    # A dot of JavaScript's stops at these four, and its `\s` knows the mark at a file's beginning.
    dot = "[^\\n\\r\u2028\u2029]"
    named = parser.replace("(?<", "(?P<").replace(".*", f"{dot}*").replace("{", "\\{", 1)
    pattern = re.compile(named.replace("\\S*", "[^\\s\ufeff]*"), re.MULTILINE)
    assert sorted(pattern.groupindex) == ["clock", "event", "host"]
    between = re.compile(separator.replace("(?<", "(?P<"), re.MULTILINE)
    assert len(between.findall(log)) == 1
    _, _, execution = between.split(log.strip())
    return [
        (found["event"], found["host"], json.loads(found["clock"]))
        for found in pattern.finditer(execution)
    ]


OBJECT = ["constructor", "hasOwnProperty", "toString", "valueOf", "__proto__", "isPrototypeOf"]


def check_shiviz(text, count):
    events = shiviz_events(text)
    assert len(events) == count
    hosts = Counter(host for _, host, _ in events)
    own, latest = Counter(), {}
    for words, host, clock in events:
        assert words
        assert host not in OBJECT
        own[host] += 1
        assert clock[host] == own[host], "a host's clock begins with 1 and goes up by 1"
        for other, time in clock.items():
            assert 1 <= time <= hosts[other], "a clock names an event that is not there"
            assert time >= latest.get((host, other), 0), "a clock goes back"
            assert other == host or time <= own[other], "an event knows of a later one"
            latest[host, other] = time
    return events


# --- OpenTelemetry: its own protobuf classes


def check_otlp(text):
    """All spans of one file, by trace; parsed by the JSON rules of OTLP."""
    json_format = installed("google.protobuf.json_format", "opentelemetry-proto")
    service = installed(
        "opentelemetry.proto.collector.trace.v1.trace_service_pb2", "opentelemetry-proto"
    )
    # The parser takes base64 for ids too, which OTLP forbids.
    for identity in re.findall(r'"(?:trace|span|parentSpan)Id": ?"([^"]*)"', text):
        assert re.fullmatch("[0-9a-f]{16}|[0-9a-f]{32}", identity)
    assert isinstance(json.loads(text)["resourceSpans"], list)
    request = json_format.Parse(text, service.ExportTraceServiceRequest())
    spans, names = {}, []
    for resource in request.resource_spans:
        (name,) = [a.value.string_value for a in resource.resource.attributes]
        names.append(name)
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            key = (span.trace_id, span.span_id)
            assert key not in spans
            assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
            assert all(
                span.start_time_unix_nano <= e.time_unix_nano <= span.end_time_unix_nano
                for e in span.events
            )
            spans[key] = span
    assert len(set(names)) == len(names), "one resource a node"
    for (trace, _), span in spans.items():
        assert not span.parent_span_id or (trace, span.parent_span_id) in spans
    return spans


# --- Prometheus


def check_openmetrics(text):
    """Families by name, from Prometheus' own parser for Python."""
    parser = installed("prometheus_client.openmetrics.parser", "prometheus_client")
    assert text.endswith("\n# EOF\n")
    lines = text[:-1].split("\n")
    stamped = re.compile(r"^[a-z_]+_seconds_(?:bucket|count|sum)\S*(?:\{.*\})? \S+ (\S+)$")
    if not re.search(r"^minicloud_virtual_time_seconds \S+ \S+$", text, re.MULTILINE):
        return {f.name: f for f in parser.text_string_to_metric_families(text)}
    stamps = {found[1] for found in map(stamped.match, lines) if found}
    # It takes all but the first sample of a later moment for repetitions, so a moment at a time.
    plain = [line for line in lines if not stamped.match(line)]
    families = {f.name: f for f in parser.text_string_to_metric_families("\n".join(plain) + "\n")}
    # Two of them are enough: each has all buckets of all label sets.
    for stamp in (min(stamps), max(stamps)):
        part = [line for line in lines if line[0] == "#" or line.endswith(f" {stamp}")]
        list(parser.text_string_to_metric_families("\n".join(part) + "\n"))
    return families


# --- Jepsen: the shape of its histories


def check_jepsen(text):
    """The events of an EDN history as dicts of plain names."""
    events = [form for _, form in forms(text)]
    named = [{key.name: value for key, value in event.items()} for event in events]
    assert [event["index"] for event in named] == list(range(len(named)))
    times = [event["time"] for event in named]
    assert times == sorted(times)
    busy, retired = {}, {}
    for event in named:
        process, kind = event["process"], event["type"].name
        assert isinstance(event["type"], Keyword)
        if process == Keyword("nemesis"):
            assert kind == "info"
            continue
        assert isinstance(process, int)
        assert process not in retired, "a process is never used again after :info"
        if kind == "invoke":
            assert process not in busy
            busy[process] = event
        else:
            assert busy.pop(process)["f"] == event["f"]
            if kind == "info":
                retired[process] = event
    nemesis = [(e["f"], e["time"]) for e in named if e["process"] == Keyword("nemesis")]
    assert nemesis[::2] == nemesis[1::2], "what the nemesis does is a pair"
    return named


# --- Perfetto: what its importer counts as errors


def check_perfetto(text):
    """The events, after all that may be said of them without Perfetto."""
    events = json.loads(text)["traceEvents"]
    named = {e["pid"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    times = [e["ts"] for e in events]
    assert times == sorted(times)
    spans, seen, flows, stacks, slices = {}, Counter(), {}, {}, {}
    for event in events:
        assert event["pid"] in named
        ph = event["ph"]
        if ph in "be":
            identity = event["pid"], event["cat"], event["id2"]["local"]
            seen[identity, ph] += 1
            assert seen[identity, ph] == 1, "two at once under one id"
            if ph == "b":
                spans[identity] = event
            else:
                assert spans.pop(identity)["ts"] <= event["ts"]
        elif ph == "X":
            thread = event["pid"], event["tid"]
            end = round((event["ts"] + event["dur"]) * 1000)
            begin = round(event["ts"] * 1000)
            stack = stacks.setdefault(thread, [])
            while stack and stack[-1] <= begin:
                stack.pop()
            assert not stack or end <= stack[-1], "slices of a thread nest"
            stack.append(end)
            assert slices.get(thread) != event["ts"], "an arrow could not tell two slices apart"
            slices[thread] = event["ts"]
        elif ph in "sf":
            thread = event["pid"], event["tid"]
            assert slices[thread] == event["ts"], "an arrow begins or ends in the slice before it"
            ends = flows.setdefault(event["id"], [])
            ends.append(ph)
            assert ph == "s" or event["bp"] == "e"
    assert spans == {}
    assert all(ends == ["s", "f"] for ends in flows.values())
    return events
