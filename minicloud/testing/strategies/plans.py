"""Owns whole plans as strategies: schedules of faults, scripts that dictate them and the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from minicloud.cloud.script import Do, Script
from minicloud.net.faults.names import Names
from minicloud.node.faults import Schedule
from minicloud.testing.strategies.times import at_most
from minicloud.testing.strategies.troubles import faults

__all__ = ["schedules", "scripts"]


def schedules(
    *,
    hosts: Names,
    kinds: Sequence[str] | None = None,
    max_faults: int = 5,
    lasts: float = 30.0,
    longest: float | None = None,
    guard: str | int | None = "minority",
) -> st.SearchStrategy[Schedule]:
    """A schedule of faults; shrinks to fewer, earlier, shorter and simpler ones, on the first host.

    hosts: names, patterns or selectors that faults may strike.
    kinds: names of `KINDS`; `USUAL`, which a replicated service should survive, unless given.
    lasts: virtual seconds, after which everything is healed. longest: of one fault.
    guard: as in a `Schedule`.
    """
    one = faults(hosts=hosts, kinds=kinds, lasts=lasts, longest=longest)

    some = at_most(max_faults, one, "max_faults")

    @st.composite
    def planned(draw: st.DrawFn) -> Schedule:
        drawn = sorted(draw(some), key=lambda fault: fault.at or 0.0)
        return Schedule(tuple(drawn), heal_at=lasts, guard=guard)

    return planned()


def scripts(
    *,
    schedule: st.SearchStrategy[Schedule] | None = None,
    workload: st.SearchStrategy[tuple[Do, ...]] | None = None,
    knobs: Mapping[str, st.SearchStrategy[object]] | None = None,
    nemesis: str = "nemesis",
    load: str = "load",
) -> st.SearchStrategy[Script]:
    """A script for one nemesis and one load, by their names, and for knobs; the rest is drawn.

    What it dictates shrinks as its strategies do. Give it to `run_cloud` or to a `Simulation`.
    """
    turned = st.fixed_dictionaries(dict(knobs or {}))

    @st.composite
    def written(draw: st.DrawFn) -> Script:
        return Script(
            knobs=draw(turned),
            schedules={} if schedule is None else {nemesis: draw(schedule)},
            operations={} if workload is None else {load: draw(workload)},
        )

    return written()
