"""Owns `log`, `why` and `diff`: what happened in a kept run, why, and where two runs part."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minicloud.cli.run import Flag, Several
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.causality import (
    Event,
    Events,
    Parting,
    apart_lines,
    chain,
    columns,
    parting,
    slice_of,
)
from minicloud.report.causality.columns import words
from minicloud.report.screen import counted
from minicloud.report.summary import folded
from minicloud.scenario.folder import RunFolder, locate
from minicloud.scenario.params import near_miss, seconds, whole_number

__all__ = ["diff", "log", "why"]

_TYPES = ("send", "fate", "timer", "fault", "crash", "boot", "disk", "decision", "operation")


def log(
    run: str = "latest",
    /,
    *,
    node: Several = None,
    type_: Several = None,
    kind: str | None = None,
    op: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    event: str | None = None,
    limit: str = "200",
    out: str = "runs",
    json: Flag = False,
) -> int:
    """List what happened in a run, a column a node; or what led to one event.

    Parameters
    ----------
    run
        A run folder, latest, or the beginning of a digest.
    node
        Only events of this node; repeat the option for more.
    type_
        Only: send, fate, timer, fault, crash, boot, disk, operation.
    kind
        Only messages of this kind, such as kv.Keep.
    op
        Only events of this operation, such as alice:3.
    from_
        Only from this virtual time on.
    to
        Only up to this virtual time.
    event
        The causes of the event of this number, the first cause first.
    limit
        How many lines at most; 0 for all.
    out
        Where the run folders are.
    json
        Print one JSON object an event.
    """
    terminal = Terminal()
    events = _events(locate(run, Path(out)))
    most = whole_number(limit, "--limit")
    if event is not None:
        chosen = chain(events, whole_number(event, "--event"))
    else:
        _known("--type", type_ or [], _TYPES)
        _known("--node", node or [], dict.fromkeys(e.node for e in events.all))
        _known("--kind", [kind] if kind else [], _all(_kind(events, e) for e in events.all))
        _known("--op", [op] if op else [], _all(events.op_of(e) for e in events.all))
        start = 0.0 if from_ is None else seconds(from_, "--from")
        end = None if to is None else seconds(to, "--to")
        chosen = [
            e
            for e in events.all
            if (not node or e.node in node)
            and (not type_ or e.type in type_)
            and (kind is None or _kind(events, e) == kind)
            and (op is None or events.op_of(e) == op)
            and e.time_s >= start
            and (end is None or e.time_s <= end)
        ]
    shown = chosen[:most] if most else chosen
    if json:
        for each in shown:
            terminal.json({"number": each.number, **each.record})
        return ExitCode.VALID
    hosts = [h for h in events.hosts() if any(e.node == h for e in shown)]
    terminal.say(columns(shown, hosts))
    if len(shown) < len(chosen):
        more = counted(len(chosen) - len(shown), "more event")
        terminal.say(f"{more}; --limit 0 shows them all")
    elif not chosen:
        terminal.say("no event is like that")
    return ExitCode.VALID


def why(op: str, run: str = "latest", /, *, out: str = "runs", json: Flag = False) -> int:
    """Show all that bears on one operation: messages, fates, faults.

    Parameters
    ----------
    op
        An operation, such as alice:3: the third that alice began.
    run
        A run folder, latest, or the beginning of a digest.
    out
        Where the run folders are.
    json
        Print one JSON object an event.
    """
    terminal = Terminal()
    folder = locate(run, Path(out))
    events = _events(folder)
    found = slice_of(events, op)
    if json:
        for each in found:
            terminal.json({"number": each.number, **each.record})
        return ExitCode.VALID
    in_force = _faults_before(events, found[0].number)
    if in_force:
        terminal.say(folded("in force when it began: ", "; ".join(in_force)))
    hosts = [h for h in events.hosts() if any(e.node == h for e in found)]
    terminal.say(columns(found, hosts))
    for each in found:
        if each.type != "fate" or str(each.record["fate"]).endswith("delivered"):
            continue
        sent = events.sends[each.record["id"]]
        terminal.say(folded("  ✖ ", f"{sent.node}: {words(sent)}: {each.record['fate']}"))
    terminal.say(folded("", _ending(found)))
    return ExitCode.VALID


def diff(one: str, other: str, /, *, out: str = "runs", json: Flag = False) -> int:
    """Find the first event at which two runs differ, and what led to it.

    Parameters
    ----------
    one
        A run folder, latest, or the beginning of a digest.
    other
        The run to compare it with.
    out
        Where the run folders are.
    json
        Print one JSON object and nothing else.
    """
    terminal = Terminal()
    folders = [locate(word, Path(out)) for word in (one, other)]
    found = parting(_events(folders[0]), _events(folders[1]))
    if json:
        terminal.json(_as_json(found, folders))
    elif found is None:
        terminal.say(f"✔ the same from beginning to end: digest {folders[0].digest}")
    else:
        terminal.say(apart_lines(found, [folder.path.as_posix() for folder in folders]))
    return ExitCode.VALID if found is None else ExitCode.INVALID


def _events(folder: RunFolder) -> Events:
    return Events(folder.trace())


def _known(option: str, words_: list[str], known: Iterable[str]) -> None:
    names = list(known)
    for word in words_:
        if word not in names:
            shown = ", ".join(names[:12])
            raise UsageError(f"{option} {word}: the run has {shown}{near_miss(word, names)}")


def _all(names: Iterable[str | None]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name is not None]


def _kind(events: Events, event: Event) -> str | None:
    if event.type == "fate":
        send = events.sends.get(event.record["id"])
        return None if send is None else str(send.record["kind"])
    return str(event.record["kind"]) if event.type == "send" else None


def _faults_before(events: Events, number: int) -> list[str]:
    """The faults in force when an event happened, and who was down."""
    state: dict[str, str] = {}
    for event in events.all[: number - 1]:
        if event.type == "fault":
            key = f"{event.node} {event.record['kind']}"
            state.pop(key, None)
            if event.record["phase"] == "begin":
                state[key] = f"{event.node} {words(event)} at {event.time_s:.3f} s"
        elif event.type == "crash":
            state[event.node] = f"{event.node} down since {event.time_s:.3f} s"
        elif event.type == "boot":
            state.pop(event.node, None)
    return list(state.values())


def _ending(found: list[Event]) -> str:
    own = [e for e in found if e.type == "operation"]
    first, last = own[0], own[-1]
    what = f"{first.record['op']} {first.record['f']}"
    if last.record["event"] == "invoke":
        return f"{what} was still under way at the end of the run"
    took_ms = (last.time_s - first.time_s) * 1000
    sent = sum(e.type == "send" for e in found)
    many = counted(sent, "message")
    return f"{what} ended as {last.record['event']} after {took_ms:.3f} ms and {many}"


def _as_json(found: Parting | None, folders: list[RunFolder]) -> dict[str, Any]:
    names = [folder.path.as_posix() for folder in folders]
    if found is None:
        return {"schema": 1, "runs": names, "same": True}
    sides = [[{"number": e.number, **e.record} for e in side] for side in (found.one, found.other)]
    return {
        "schema": 1,
        "runs": names,
        "same": False,
        "event": found.number,
        "fields": found.fields,
        "causes": sides,
    }
