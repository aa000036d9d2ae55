"""Owns the metrics for Prometheus and its kin: OpenMetrics text, of the end or of a series.

Written by the OpenMetrics 1.0 specification: a family's samples stand together, those of one label
set by time; counters end in `_total`, a unit is part of the name, and `# EOF` is the last line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from minicloud.report.exports.recording import Recording
from minicloud.report.exports.text import EPOCH_NS, OUTCOMES, Exported, Scope, fate_parts, is_count

__all__ = ["BOUNDS_S", "POINTS", "openmetrics"]

BOUNDS_S = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0
)  # fmt: skip
"""Upper bounds of the histograms' buckets, in seconds; one more holds whatever is above."""

POINTS = 60
"""Samples of a series."""

_MS = 1_000_000
_VERDICTS = ("valid", "invalid", "unknown")

Labels = tuple[tuple[str, str], ...]
Changes = dict[Labels, list[tuple[int, int]]]
"""By label set: virtual time in nanoseconds, and by how much it changed (or what it was) then."""


def openmetrics(recording: Recording, scope: Scope) -> Exported:
    """The metrics at the end of the run; where a series is wanted, along it, with times."""
    text = _Text(recording, series=scope.series)
    text.run()
    text.operations()
    text.messages()
    text.machines()
    return Exported(["".join(f"{line}\n" for line in [*text.lines, "# EOF"])])


# Some lexers take these for the end of the text, or of a line, wherever they are.
_UNREADABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")


def _escaped(text: str) -> str:
    text = _UNREADABLE.sub("\ufffd", text)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _labels(**values: Any) -> Labels:
    """A label set without empty labels, which are none; names that Python reserves end in `_`."""
    texts = {k.rstrip("_"): str(v) for k, v in values.items() if v is not None and v != ""}
    return tuple(texts.items())


def _written(labels: Labels) -> str:
    parts = [f'{key}="{_escaped(value)}"' for key, value in labels]
    return "{" + ",".join(parts) + "}" if parts else ""


class _Text:
    def __init__(self, recording: Recording, *, series: bool) -> None:
        self.lines: list[str] = []
        self._recording = recording
        end = recording.end_ns
        # Prometheus knows no time shorter than a millisecond.
        step = max(_MS, -(-end // POINTS // _MS) * _MS)
        self._times = [*range(step, end, step), end] if series else [end]
        self._stamped = series

    def _stamp(self, ns: int) -> str:
        if not self._stamped:
            return ""
        whole, part = divmod(EPOCH_NS + ns, 10**9)
        return f" {whole}.{part // _MS:03d}"

    def _head(self, name: str, kind: str, about: str, unit: str = "") -> None:
        self.lines.append(f"# TYPE {name} {kind}")
        if unit:
            self.lines.append(f"# UNIT {name} {unit}")
        self.lines.append(f"# HELP {name} {_escaped(about)}")

    def _family(
        self,
        name: str,
        kind: str,
        about: str,
        changes: Changes,
        *,
        unit: str = "",
        add: bool = True,
    ) -> None:
        """A counter, or a gauge: the sum of its changes, or with `add` false the last of them."""
        if not changes:
            return
        self._head(name, kind, about, unit)
        sample = f"{name}_total" if kind == "counter" else name
        for labels, steps in sorted(changes.items()):
            for ns, value in self._sampled(sorted(steps, key=lambda step: step[0]), add=add):
                self.lines.append(f"{sample}{_written(labels)} {value}{self._stamp(ns)}")

    def _sampled(self, steps: list[tuple[int, int]], *, add: bool) -> Iterator[tuple[int, int]]:
        value, place = 0, 0
        for ns in self._times:
            while place < len(steps) and steps[place][0] <= ns:
                value = value + steps[place][1] if add else steps[place][1]
                place += 1
            yield ns, value

    def _histogram(self, name: str, about: str, changes: Changes) -> None:
        """Durations in nanoseconds, by when they were over."""
        if not changes:
            return
        self._head(name, "histogram", about, "seconds")
        for labels, found in sorted(changes.items()):
            ordered = sorted(found)
            for ns in self._times:
                durations = [duration for at, duration in ordered if at <= ns]
                self._buckets(name, labels, durations, self._stamp(ns))

    def _buckets(self, name: str, labels: Labels, durations: list[int], stamp: str) -> None:
        counts = [0] * (len(BOUNDS_S) + 1)
        for duration in durations:
            seconds = duration / 1e9
            counts[next((n for n, b in enumerate(BOUNDS_S) if seconds <= b), -1)] += 1
        bounds = [*map(repr, BOUNDS_S), "+Inf"]
        for bound, count in zip(bounds, accumulate(counts), strict=True):
            written = _written((*labels, ("le", bound)))
            self.lines.append(f"{name}_bucket{written} {count}{stamp}")
        self.lines.append(f"{name}_count{_written(labels)} {len(durations)}{stamp}")
        self.lines.append(f"{name}_sum{_written(labels)} {sum(durations) / 1e9!r}{stamp}")

    def _states(self, name: str, about: str, sets: list[tuple[Labels, str]]) -> None:
        if not sets:
            return
        self._head(name, "stateset", about)
        stamp = self._stamp(self._recording.end_ns)
        for labels, state in sets:
            for one in _VERDICTS:
                written = _written((*labels, (name, one)))
                self.lines.append(f"{name}{written} {int(one == state)}{stamp}")

    def run(self) -> None:
        recording = self._recording
        about = {key: recording.run.get(key) for key in ("scenario", "variant", "seed", "digest")}
        self._head("minicloud_run", "info", "Which run this was.")
        stamp = self._stamp(recording.end_ns)
        self.lines.append(f"minicloud_run_info{_written(_labels(**about))} 1{stamp}")
        self._states("minicloud_verdict", "What the run showed.", [((), recording.verdict)])
        checks = [
            (_labels(check=check["name"], number=number), str(check["verdict"]))
            for number, check in enumerate(recording.result.get("checks", []), 1)
        ]
        self._states("minicloud_check", "What each check said.", checks)
        name, about_time = "minicloud_virtual_time_seconds", "Virtual time since the beginning."
        self._head(name, "gauge", about_time, "seconds")
        self.lines += [f"{name} {ns / 1e9!r}{self._stamp(ns)}" for ns in self._times]
        events: Changes = {}
        for event in recording.events.all:
            events.setdefault(_labels(type=event.type), []).append((event.record["time"], 1))
        self._family("minicloud_events", "counter", "Events of the trace.", events)

    def operations(self) -> None:
        counts: Changes = {}
        durations: Changes = {}
        open_: Changes = {}
        for call in self._recording.calls.values():
            what = {"service": call.service, "f": call.f}
            open_.setdefault(_labels(**what), []).append((call.begin_ns, 1))
            if call.end_ns is None:
                continue
            open_[_labels(**what)].append((call.end_ns, -1))
            labels = _labels(**what, outcome=OUTCOMES.get(call.outcome, call.outcome))
            counts.setdefault(labels, []).append((call.end_ns, 1))
            durations.setdefault(labels, []).append((call.end_ns, call.end_ns - call.begin_ns))
        ended = "Operations of clients that ended, by what became of them."
        self._family("minicloud_operations", "counter", ended, counts)
        under_way = "Operations of clients that have not ended."
        self._family("minicloud_operations_under_way", "gauge", under_way, open_)
        took = "How long operations took; those of unknown outcome until their client gave up."
        self._histogram("minicloud_operation_duration_seconds", took, durations)

    def messages(self) -> None:
        fates: Changes = {}
        delays: Changes = {}
        sizes: Changes = {}
        for message in self._recording.messages.values():
            sizes.setdefault((), []).append((message.sent_ns, message.size))
            for fate in message.fates:
                what, by = fate_parts(fate.fate)
                labels = _labels(kind=message.kind, fate=what, by=by)
                fates.setdefault(labels, []).append((fate.at_ns, 1))
                if fate.delivered:
                    one = _labels(kind=message.kind)
                    delays.setdefault(one, []).append((fate.at_ns, fate.at_ns - message.sent_ns))
        about = "Messages and copies by what became of them, and by which fault."
        self._family("minicloud_messages", "counter", about, fates)
        sent = "Bytes of all messages that were sent."
        self._family("minicloud_message_sent_bytes", "counter", sent, sizes, unit="bytes")
        way = "How long delivered messages were under way."
        self._histogram("minicloud_message_delay_seconds", way, delays)

    def machines(self) -> None:
        up: Changes = {}
        crashes: Changes = {}
        for life in self._recording.lives:
            node = _labels(node=life.host)
            up.setdefault(node, []).append((life.boot_ns, 1))
            crashes.setdefault(node, [])
            if life.crash_ns is not None:
                up[node].append((life.crash_ns, -1))
                crashes[node].append((life.crash_ns, 1))
        self._family("minicloud_up", "gauge", "Whether a node has power: 1 or 0.", up)
        self._family("minicloud_power_cuts", "counter", "How often a node lost power.", crashes)
        force: Changes = {}
        for fault in self._recording.faults:
            steps = force.setdefault(_labels(fault=fault.name, kind=fault.kind), [])
            steps.append((fault.begin_ns, 1))
            if fault.end_ns is not None:
                steps.append((fault.end_ns, -1))
        self._family("minicloud_faults_in_force", "gauge", "Faults in force.", force)
        shown: Changes = {}
        for ns, incarnation, state in self._recording.states:
            for key, text in state.items():
                if is_count(text):
                    labels = _labels(node=incarnation.rpartition(".")[0], key=key)
                    shown.setdefault(labels, []).append((ns, int(text)))
        about = "Numbers that nodes show of themselves."
        self._family("minicloud_shown", "gauge", about, shown, add=False)
