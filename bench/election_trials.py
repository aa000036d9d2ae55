"""The trials that `bench.election` counts: five Raft servers, of which the leader loses its power.

As in section 9.3 of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"
(extended version, 2014): the servers' logs have different lengths, so that only some of them can
win; all followers have just heard the same round of heartbeats; the leader is crashed at an instant
drawn uniformly from its heartbeat interval, which is half of the least election timeout. No
pre-vote, no stickiness, no check of the quorum: the paper's Raft has none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import msgspec
import trio

from minicloud.cloud import Cloud, run_cloud
from minicloud.net.distributions import Delay, Lognormal, Uniform
from minicloud.net.profile import Profile
from minicloud.node.host import Host
from minicloud.node.machine.spec import Machine
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Message
from minicloud.node.node import Node
from minicloud.protocols.raft import (
    AnyMessage,
    AppendEntries,
    Members,
    Output,
    Raft,
    Rules,
    Settings,
    fresh,
)

__all__ = ["BOUND_S", "NAMES", "Downtime", "Server", "Surroundings", "trial"]

NAMES = ("n1", "n2", "n3", "n4", "n5")
BOUND_S = 30.0
"""Virtual seconds after a crash at which a trial ends without a leader."""

_TICK_S = 1e-5
_PAUSE_S = 0.05
_RULES = Rules(prevote=False, stickiness=False, check_quorum=False)


class Surroundings(msgspec.Struct, frozen=True):
    """What a message takes, one way, and what a sync does.

    The paper says no more than that its broadcast time was about 15 ms, most of it the disk's: to
    send to four servers and to hear of all that it is durable there. This is 15.2 ms on average.
    """

    delay: Delay = Uniform(0.0002, 0.0008)
    sync: Delay = Lognormal(0.0035, 1.2, cap=0.03)


class Downtime(msgspec.Struct, frozen=True):
    """What a crash came to."""

    seconds: float
    """From the crash to the instant at which another server leads, or to the bound."""
    leader: str | None
    """Who that is; None where the bound came first."""
    entries: tuple[int, ...]
    """The length of each server's log at the crash."""


class Said(Message, service="raft"):
    """What one server says to another."""

    said: AnyMessage


class Server(Node):
    """The least that a Raft value needs: a disk, a network and a clock that wakes it.

    low, high: election timeouts in ticks. patience: what they are while the trial is set up.
    reach: up to which index the log gets through to each other server, while this one leads.
    """

    def __init__(
        self, *, low: int, high: int, patience: int, reach: dict[str, int],
        elected: Callable[[str, int], None],
    ) -> None:  # fmt: skip
        self._low, self._high = low, high
        self.patience: int | None = patience
        self._reach = reach
        self._elected = elected
        self._led = 0
        self._busy = False
        self._due = inf
        self._seen = self._now()
        self.raft = Raft(
            self.name,
            fresh(Members(NAMES)),
            draw=self._draw,
            settings=Settings(election_ticks=low, heartbeat_ticks=low // 2),
            rules=_RULES,
        )
        self._look()

    def _draw(self) -> int:
        if self.patience is not None:
            return self.patience
        return self._low + self.random.integer(self._high - self._low + 1)

    def _now(self) -> int:
        """In ticks."""
        return round(self.clock.monotonic() / _TICK_S)

    @handle
    def hear(self, message: Said) -> None:
        """Another server said something."""
        self._wake()
        self.raft.step(message.said)
        self._look()

    def propose(self, command: int) -> None:
        """Put something into the log, as the leader."""
        self._wake()
        self.raft.propose(command)
        self._look()

    @property
    def beats_at(self) -> float:
        """When a leader will send its next heartbeats, in seconds."""
        return (self._seen + self.raft.due) * _TICK_S

    def _wake(self) -> None:
        now = self._now()
        if now > self._seen:
            self.raft.tick(now - self._seen)
            self._seen = now

    def _look(self) -> None:
        """Do what there is to do, unless the disk is at work; then wait for what comes next."""
        raft = self.raft
        if raft.leads and raft.term != self._led:
            self._led = raft.term
            self._elected(self.name, raft.term)
        while not self._busy and (output := raft.take()):
            if output.persist is None:
                self._say(output)
            else:
                self._busy = True
                self.disk.append("raft", msgspec.to_builtins(output.persist))
                self.disk.sync("raft", then=lambda output=output: self._written(output))
        due = self._seen + raft.due
        if due < self._due:
            self._due = due
            self.after((due - self._seen) * _TICK_S, self._timer, due)

    def _timer(self, due: int) -> None:
        if due == self._due:
            self._due = inf
        self._wake()
        self._look()

    def _written(self, output: Output) -> None:
        self._busy = False
        self._wake()
        self._say(output)
        self._look()

    def _say(self, output: Output) -> None:
        for said in output.send:
            entries = said.entries if isinstance(said, AppendEntries) else ()
            if not entries or entries[-1].index <= self._reach.get(said.to, 1):
                self.send(said.to, Said(said))


class _Trial:
    """One crash of one leader."""

    def __init__(self, cloud: Cloud, low_ms: float, high_ms: float, around: Surroundings) -> None:
        self._cloud = cloud
        self._low_s = low_ms / 1e3
        self._leaders: dict[int, str] = {}
        self._news = trio.Event()
        cloud.net.profile(Profile(delay=around.delay))
        low, high = round(low_ms / 1e3 / _TICK_S), round(high_ms / 1e3 / _TICK_S)
        self._hosts: dict[str, Host[Server]] = {
            name: cloud.node(
                Machine(name, disk_sync=around.sync),
                Server,
                low=low,
                high=high,
                patience=low if name == NAMES[0] else 100 * low,
                reach={other: 1 + n for n, other in enumerate(NAMES)},
                elected=self._elected,
            )
            for name in NAMES
        }

    def _elected(self, name: str, term: int) -> None:
        self._leaders[term] = name
        self._news.set()

    async def run(self, bound_s: float) -> Downtime:
        """Set the stage, crash the leader, wait for the next."""
        cloud, first = self._cloud, self._hosts[NAMES[0]]
        await self._news.wait()
        await cloud.sleep(_PAUSE_S)
        self._news = trio.Event()
        # It hears nothing more, so it does not learn what got lost and does not send it again.
        with cloud.net.one_way(NAMES[1:], NAMES[0]):
            for command in range(1, len(NAMES)):
                first.peek.propose(command)
                await cloud.sleep(_PAUSE_S)
            await trio.sleep_until(first.peek.beats_at - _TICK_S / 2)
            for host in self._hosts.values():
                host.peek.patience = None
            await cloud.sleep(_TICK_S / 2 + self._low_s / 2 * cloud.random.draw())
            if list(self._leaders.values()) != [NAMES[0]]:
                raise AssertionError(f"somebody else led before the crash: {self._leaders}")
            entries = tuple(host.peek.raft.last_index for host in self._hosts.values())
            crashed = cloud.now
            first.crash()
            with trio.move_on_after(bound_s):
                await self._news.wait()
                leader = self._leaders[max(self._leaders)]
                return Downtime(cloud.now - crashed, leader, entries)
        return Downtime(bound_s, None, entries)


def trial(
    seed: int,
    low_ms: float,
    high_ms: float,
    around: Surroundings | None = None,
    bound_s: float = BOUND_S,
) -> Downtime:
    """One crash, with election timeouts from `low_ms` to `high_ms`."""

    async def main(cloud: Cloud) -> Downtime:
        return await _Trial(cloud, low_ms, high_ms, around or Surroundings()).run(bound_s)

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    downtime: Downtime = run.value
    return downtime
