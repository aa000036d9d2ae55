"""Owns what led to an event, and what belongs to an operation, by the causes that a trace names.

A message's cause is the event that its sender was handling: a message that had arrived, or a timer.
Where a task sent it, the trace names no cause, and what counts is what the task had last heard for
the same operation, or else the operation itself. A disk did what it did for what its host had last
met: a message, a timer, or its boot.
"""

from __future__ import annotations

from bisect import bisect_left

from minicloud.errors import UsageError
from minicloud.report.causality.events import Event, Events

__all__ = ["cause", "chain", "slice_of"]


def cause(events: Events, event: Event) -> Event | None:
    """The event that directly led to this one, or None where nothing did."""
    if event.type == "fate":
        return events.sends.get(event.record["id"])
    if event.type == "send":
        named = event.record["cause"]
        if named is not None:
            return _arrival(events, named, event) or events.timers.get(named)
        return _heard_last(events, event)
    if event.type == "operation" and event.record["event"] != "invoke":
        return _heard_last(events, event)
    if event.type == "disk":
        return _at_host_last(events, event)
    return None


def _arrival(events: Events, message: str, before: Event) -> Event | None:
    """The arrival of a message at the host that acted on it."""
    for fate in events.arrivals.get(message, []):
        if fate.number < before.number and fate.node == before.node:
            return fate
    return None


def _heard_last(events: Events, event: Event) -> Event | None:
    """What this host had last heard, or done as a client, for the operation of an event."""
    best = None
    for other in events.operations.get(event.op or "", []):
        if other.number >= event.number:
            break
        # A drop is nothing that anybody hears of.
        heard = other.arrived and other.node == event.node
        if heard or other.type == "operation":
            best = other
    return best


def _at_host_last(events: Events, event: Event) -> Event | None:
    """What a host had last met: a disk's record names no cause, and a disk acts for its host."""
    met = events.met.get(event.node, [])
    place = bisect_left(met, event.number, key=lambda other: other.number)
    return met[place - 1] if place else None


def chain(events: Events, number: int) -> list[Event]:
    """The events that led to an event, the first cause first, the event itself last.

    Raises `UsageError` where there is no event of that number.
    """
    found = [events.event(number)]
    while (earlier := cause(events, found[-1])) is not None:
        found.append(earlier)
    return found[::-1]


def slice_of(events: Events, op: str) -> list[Event]:
    """Everything that bears on one operation, in the order in which it happened.

    Its messages and their fates, what the hosts they touched wrote to disk while it went on, and
    each crash, boot or fault meanwhile. Raises `UsageError` for an operation that is not there.
    """
    own = events.operations.get(op)
    if not own:
        known = list(events.operations)
        near = [name for name in known if name.partition(":")[0] == op.partition(":")[0]]
        shown = ", ".join((near or known)[:6]) or "none"
        raise UsageError(f"the run has no operation {op}; among its operations: {shown}")
    first, last = own[0].number, own[-1].number
    hosts = {event.node for event in own}
    hosts |= {str(e.record["destination"]).partition("/")[0] for e in own if e.type == "send"}
    numbers = {event.number for event in own}
    for event in events.all[first - 1 : last]:
        meanwhile = event.type in ("crash", "boot", "disk") and event.node in hosts
        if meanwhile or event.type == "fault":
            numbers.add(event.number)
    return [events.all[number - 1] for number in sorted(numbers)]
