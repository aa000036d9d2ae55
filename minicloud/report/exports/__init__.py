"""A kept run in the formats of other tools: a module a format, and the list of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from minicloud.report.exports.jepsen import jepsen, jepsen_json
from minicloud.report.exports.mermaid import mermaid
from minicloud.report.exports.openmetrics import openmetrics
from minicloud.report.exports.otlp import otlp
from minicloud.report.exports.perfetto import perfetto
from minicloud.report.exports.recording import Recording
from minicloud.report.exports.shiviz import shiviz
from minicloud.report.exports.text import Exported, Scope

__all__ = ["FORMATS", "Exported", "Format", "Recording", "Scope"]


class Format(msgspec.Struct, frozen=True):
    """A format: how its files are called, who reads them, and what may be asked of it.

    `write(recording, scope)` gives the texts. `parts`: whether a part of a run can be exported;
    `series`: whether it has samples along the run.
    """

    name: str
    suffix: str
    write: Callable[[Recording, Scope], Exported]
    reader: str
    parts: bool = False
    series: bool = False


FORMATS = {
    one.name: one
    for one in (
        Format("perfetto", ".perfetto.json", perfetto, "open it in ui.perfetto.dev"),
        Format("shiviz", ".shiviz.log", shiviz, "upload it to ShiViz", parts=True),
        Format("otlp", ".otlp.json", otlp, "upload it to Jaeger", parts=True),
        Format("openmetrics", ".openmetrics.txt", openmetrics, "for Prometheus", series=True),
        Format("jepsen", ".history.edn", jepsen, "for Jepsen, Knossos and Elle"),
        Format("jepsen-json", ".history.json", jepsen_json, "for Elle's command line"),
        Format("mermaid", ".mmd", mermaid, "paste it into a ```mermaid block", parts=True),
    )
}
"""By the name that `--to` takes."""
