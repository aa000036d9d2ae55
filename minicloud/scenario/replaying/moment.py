"""Owns moments of a run, as one writes them, and a replay that ends at one of them."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from minicloud.cloud import Cloud, Run
from minicloud.cloud.snapshot import HostView, Snapshot, hosts_of, stop_at, stop_when
from minicloud.errors import UsageError
from minicloud.kernel.records import LOOKS_ON
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.params import duration, near_miss
from minicloud.scenario.running import execute

__all__ = ["Moment", "moment_of", "replay_until"]

_CONDITION = re.compile(r"([\w*.-]+)\.(\w+)\s*(==|!=|>=|<=|>|<)\s*(.+)")
_POWER = re.compile(r"([\w*.-]+)\s+is\s+(up|down|paused)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le,
    ">": operator.gt, "<": operator.lt,
}  # fmt: skip


class Moment(msgspec.Struct, frozen=True):
    """A virtual time in seconds, or a condition on what `host` shows, of any if it is `*`."""

    text: str
    host: str = "*"
    at: float | None = None
    holds: Callable[[list[HostView]], bool] | None = None


def moment_of(text: str, trace: Callable[[], Iterable[dict[str, Any]]]) -> Moment:
    """The moment that a text means.

    `12.5s` is a time; `event:4120` the time of that event of the trace; `r1.role == leader` the
    first event after which r1 shows that, and `*.term >= 3` anybody; `r2 is down` too. Raises
    `UsageError` for anything else.
    """
    time = duration(text)
    if time is not None:
        return Moment(text, at=time)
    if text.startswith("event:"):
        return Moment(text, at=_time_of_event(text.removeprefix("event:"), trace()))
    if match := _POWER.fullmatch(text.strip()):
        name, power = match.groups()
        return Moment(text, name, holds=lambda hosts: _any(hosts, name, lambda h: h.power == power))
    if match := _CONDITION.fullmatch(text.strip()):
        name, field, sign, word = match.groups()
        value = _value(word)

        def shows(host: HostView) -> bool:
            if field not in host.state:
                return False
            try:
                return _COMPARE[sign](host.state[field], value)
            except TypeError:
                return False

        return Moment(text, name, holds=lambda hosts: _any(hosts, name, shows))
    raise UsageError(
        f"--until {text}: write a time such as 12.5s, event:4120, 'r1.role == leader' or "
        "'r1 is down'"
    )


def _any(hosts: list[HostView], name: str, shows: Callable[[HostView], bool]) -> bool:
    return any(shows(host) for host in hosts if name in ("*", host.name))


def _value(word: str) -> Any:
    try:
        return json.loads(word)
    except ValueError:
        return word.strip().strip("'\"")


def _time_of_event(word: str, trace: Iterable[dict[str, Any]]) -> float:
    number = int(word) if word.isascii() and word.isdigit() else 0
    count = 0
    for record in trace:
        if record["type"] not in LOOKS_ON:
            count += 1
            if count == number:
                return float(record["time"]) / 1e9
    raise UsageError(f"--until event:{word}: the run has events 1 to {count:,}")


def replay_until(
    scenario: Scenario[Any], case: Case, moment: Moment
) -> tuple[Run, Snapshot | None]:
    """Repeat a case up to a moment; the cloud as it was then, None where that never came.

    Raises `UsageError` for a moment of a host that there never was.
    """
    seen: list[Snapshot] = []
    held: list[Cloud] = []

    def holds(cloud: Cloud) -> bool:
        assert moment.holds is not None
        return moment.holds(hosts_of(cloud))

    def prepare(cloud: Cloud) -> None:
        held.append(cloud)
        if moment.at is not None:
            stop_at(cloud, moment.at, seen.append)
        else:
            stop_when(cloud, holds, seen.append)

    run = execute(scenario, case, prepare=prepare)
    known = [*held[0].hosts, "*"] if held else [moment.host]
    if moment.host not in known:
        shown = f"{', '.join(known[:-1])}{near_miss(moment.host, known)}"
        raise UsageError(
            f"--until {moment.text}: there is no host {moment.host}; there are {shown}"
        )
    return run, seen[0] if seen else None
