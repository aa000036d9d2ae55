"""Owns the sentences that a leak is told in: what was reached for, why not, what to write instead.

Knows no frames; the place and the name of the call are handed in.
"""

from __future__ import annotations

import msgspec

__all__ = ["Leakage", "kept", "sentence"]


class Leakage(msgspec.Struct, frozen=True):
    """A kind of leak: what is wrong with it, and what to write in a node and in a scenario."""

    why: str
    node: str
    scenario: str


CLOCK = Leakage(
    "reads the real clock, which no seed decides",
    "Write: self.clock.now(), or self.clock.monotonic() for a duration",
    "Write: cloud.now",
)
SLEEP = Leakage(
    "stops the real clock, not the cloud's",
    "Write: await self.sleep({argument})",
    "Write: await cloud.sleep({argument})",
)
DRAW = Leakage(
    "draws from a stream that no seed decides",
    "Write: self.random.random(), or another draw of self.random",
    "Write: cloud.random.random(), or another draw of cloud.random",
)
GENERATOR = Leakage(
    "makes a generator that no seed decides",
    "Write: random.Random(self.random.integer(2**32)), or draw from self.random",
    "Write: random.Random(cloud.random.integer(2**32)), or draw from cloud.random",
)
SEEDING = Leakage(
    "sets a stream that the whole process shares",
    "Leave it out, and draw from self.random, which is this node's own",
    "Leave it out, and draw from cloud.random, which is the seed's",
)
NAME = Leakage(
    "gives other names in each run",
    "Write: self.name with a counter, or uuid.UUID(int=self.random.integer(2**128), version=4)",
    "Write: a name with a counter, or uuid.UUID(int=cloud.random.integer(2**128), version=4)",
)
MACHINE = Leakage(
    "names the real machine or process, which no seed decides",
    "Write: self.name",
    "Write: a name of your own",
)
THREAD = Leakage(
    "starts a thread, which runs beside the cloud at its own pace",
    "Call the function itself, or write: self.spawn(fn)",
    "Call the function itself, or write: cloud.start(fn)",
)
SOCKET = Leakage(
    "reaches the real network, where no fault of the cloud's is felt",
    "Write: await self.call(...) or self.send(...) to a node that plays the other side",
    "Write: cloud.node(...) for the other side, and call it",
)
PROCESS = Leakage(
    "starts a real process, which no seed decides",
    "Let a node of the cloud play its part, or run it before the cloud and hand the result in",
    "Let a node of the cloud play its part, or run it before the cloud and hand the result in",
)
FILE = Leakage(
    "touches the real disk, which outlives crashes and runs",
    "Write: self.disk, or read the file before the run and hand in what it says",
    "Read the file before the run and hand in what it says",
)
SIGNAL = Leakage(
    "takes a signal of the real process, which no seed sends",
    "Write: self.after(...) for a timer, or let a message carry the news",
    "Write: await cloud.sleep(...) for a timer, or let a message carry the news",
)
ASYNCIO = Leakage(
    "this cloud runs on Trio",
    "Write anyio.sleep or self.sleep; asyncio-only libraries can't run here",
    "Write anyio.sleep or cloud.sleep; asyncio-only libraries can't run here",
)


def sentence(
    place: str, call: str, node: str | None, leakage: Leakage, argument: str, *, awaits: bool
) -> str:
    """One leak, in words. `node` is whose code it is, `awaits` whether that code may await."""
    who = "the scenario" if node is None else f"node {node!r}"
    if leakage is ASYNCIO:
        advice = leakage.scenario if node is None else leakage.node
        return f"{place}: {call} in {who}: {leakage.why}. {advice}"
    shown = f"{call}({argument if leakage is SLEEP else ''})"
    advice = (leakage.scenario if node is None else leakage.node).format(argument=argument or 0)
    if leakage is SLEEP and not awaits:
        kind = "handler" if node is not None else "function"
        advice = f"Make the {kind} async def and w{advice[1:]}"
    return f"{place}: {shown} in {who} {leakage.why}. {advice}"


def kept(place: str, call: str, node: str | None) -> str:
    """A library called the real thing, because it had taken hold of it where nothing can replace
    it.
    """
    who = "the scenario" if node is None else f"node {node!r}"
    return (
        f"{place}: {call}() in {who}: a library keeps the real one in a class, in a default value "
        "or since an import during the run, so it cannot be given the cloud's. Import the library "
        "before the run and hand it a clock or a stream of the node's, or allow the block: "
        "with guard.allowed():"
    )
