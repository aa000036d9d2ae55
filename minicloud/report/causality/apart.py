"""Owns where two runs part as a terminal shows it: what led there on each side, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minicloud.report.causality.columns import words
from minicloud.report.causality.comparing import Comparison
from minicloud.report.causality.events import Event
from minicloud.report.causality.parting import Parting
from minicloud.report.screen.text import WIDTH, clipped, counted, folded
from minicloud.scenario.folder import RunFolder

__all__ = ["apart_lines", "comparison_lines"]

_TAIL = 8
_MOST_DIFFERENCES = 6


def comparison_lines(found: Comparison, one: RunFolder, other: RunFolder) -> Iterator[str]:
    """What two runs are, how they were aligned, and where they part."""
    for folder in (one, other):
        yield from folded("", f"{_name(folder)}   {folder.result.get('verdict') or 'failed'}")
    shown = found.differences[:_MOST_DIFFERENCES]
    told = ", ".join(f"{name} {mine} → {theirs}" for name, mine, theirs in shown)
    more = len(found.differences) - len(shown)
    if told:
        yield from folded("  differ in  ", told + (f" and {more} more" if more > 0 else ""))
    yield from folded("  ✔ " if found.same else "  ", found.how)
    if found.ending is not None:
        end = found.ending
        ended = f"{end.name} {end.asked}: {end.one} in the first, {end.other} in the second"
        yield from folded("  the first operation that ended otherwise: ", ended, indent="    ")
    if found.parting is not None and found.by == "events":
        yield from apart_lines(found.parting, ("the first", "the second"))
    elif found.parting is not None:
        yield from _sides(found.parting, ("the first", "the second"))


def apart_lines(found: Parting, names: Sequence[str]) -> Iterator[str]:
    """The first event that differs, in which fields, and what led to it in each run."""
    at = (found.one or found.other)[-1].time_s
    differ = f", in {', '.join(found.fields)}" if found.fields else ""
    yield from folded("", f"the runs part at event {found.number:,} ({at:.6f} s){differ}")
    yield from _sides(found, names)


def _sides(found: Parting, names: Sequence[str]) -> Iterator[str]:
    for name, side in zip(names, (found.one, found.other), strict=True):
        yield clipped(name, WIDTH)
        if not side:
            yield "  was over by then"
        if len(side) > _TAIL:
            yield f"  … {counted(len(side) - _TAIL, 'earlier cause')}"
        yield from (_line(event, last=event is side[-1]) for event in side[-_TAIL:])


def _line(event: Event, *, last: bool) -> str:
    mark = "▶" if last else " "
    line = f"  {mark} {event.number:>6} {event.time_s:.6f}  {event.node}: {words(event)}"
    return clipped(line, WIDTH)


def _name(folder: RunFolder) -> str:
    result = folder.result
    name = str(result.get("scenario", folder.path.as_posix()))
    variant = f"/{result['variant']}" if result.get("variant") else ""
    return f"{name}{variant}   seed {folder.run['seed']}   digest {folder.digest[:8]}"
