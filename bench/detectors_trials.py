"""The trials that `bench.detectors` counts: ten members on a bad network, of which one loses power.

The network: half a millisecond and a lognormal of 20 ms median on each way, whose heaviest
hundredth takes a fifth of a second and more; 3 % of the messages are lost; and at times a member
hears and says nothing for a moment: each has a stall of its own about every five minutes, half a
second to two seconds long. Every trial is a group of its own. It warms up, then lives for some
minutes without a crash, in which every death is a mistake, then one member crashes at an instant
drawn uniformly from a second, and the network is as bad as before until everybody has noticed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from minicloud import members
from minicloud.cloud import Cloud, run_cloud
from minicloud.net.distributions import Exponential, Lognormal, Uniform
from minicloud.net.profile import Profile

__all__ = ["BOUND_S", "NETWORK", "Seen", "trial"]

NETWORK = Profile(delay=Lognormal(0.02, 1.0, shift=0.0005, cap=5.0), loss=0.03)
WARM_S = 30.0
BOUND_S = 300.0
"""Virtual seconds after a crash by which every setting here has noticed it."""

_STALL_EVERY = Exponential(300.0)
_STALL = Uniform(0.5, 2.0)


class Seen(msgspec.Struct, frozen=True):
    """What a trial came to."""

    detected_s: tuple[float, ...]
    """From the crash until each other member held the crashed one for dead for good."""
    deaths: int
    """How often one began to hold a living one for dead, before the crash."""
    suspicions: int
    messages: int
    """Sent by all members in that time."""
    member_hours: float


async def _stalls(cloud: Cloud, group: members.Group[Any], number: int) -> None:
    """One member is cut off for a moment, again and again."""
    host = group.hosts[number]
    dice = cloud.random.stream(f"stall {number}")
    every, lasts = _STALL_EVERY.compile(), _STALL.compile()
    while True:
        await cloud.sleep(every(dice.draw()) / 1e9)
        with cloud.net.isolate(host):
            await cloud.sleep(lasts(dice.draw()) / 1e9)


def _sent(group: members.Group[Any]) -> int:
    return sum(host.sent for host in group.hosts)


def trial(seed: int, spec: Any, lives_s: float) -> Seen:
    """One group and one crash. Raises `AssertionError` where it is not noticed by the bound."""

    async def main(cloud: Cloud) -> Seen:
        cloud.net.profile(NETWORK)
        group = cloud.start(spec)
        for number in range(len(group.hosts)):
            cloud.start(_stalls, cloud, group, number)
        await cloud.sleep(WARM_S)
        before, known = _sent(group), len(group.log)
        await cloud.sleep(lives_s)
        sent, judged = _sent(group) - before, group.log[known:]
        await cloud.sleep(cloud.random.draw())
        lost = group.hosts[cloud.random.integer(len(group.hosts))]
        holding = [name for name, view in group.views().items() if view[lost.name] == "dead"]
        lost.crash()
        crashed = cloud.now
        check = members.completeness(group)
        await cloud.until(lambda: _holds(check), timeout=BOUND_S)
        # Who was mistaken at the crash has noticed nothing.
        last = {
            o.by: o.at - crashed
            for o in group.log
            if (o.about, o.status) == (lost.name, "dead") and o.at >= crashed
        }
        return Seen(
            detected_s=tuple(last[name] for name in last if name not in holding),
            deaths=sum(o.status == "dead" for o in judged),
            suspicions=sum(o.status == "suspect" for o in judged),
            messages=sent,
            member_hours=len(group.hosts) * lives_s / 3600,
        )

    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    seen: Seen = run.value
    return seen


def _holds(check: Any) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True
