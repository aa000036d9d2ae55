"""What the planted services share: clients that act, trouble meanwhile, quiet afterwards."""

from minicloud.errors import CallError
from minicloud.nemesis import Swarm
from minicloud.workload import Workload

OPERATIONS = 12
"""How many operations a run has, of all clients together, unless a scenario says otherwise."""

NETWORK = ("partition", "link-loss", "link-delay")
"""Kinds of trouble that no service may mind."""


def work(
    cloud,
    cls,
    calls,
    *,
    clients,
    total=OPERATIONS,
    lasts=1.0,
    mode="open",
    weights=None,
    **arguments,
):
    """Clients of a class, which do about `total` things in all: when they are due, or in turn."""
    spec = Workload(
        cls,
        calls,
        clients=clients,
        per_s=total / lasts,
        mode=mode,
        weights=weights or {},
        arguments=arguments,
        lasts=lasts,
    )
    return cloud.start(spec)


async def ordeal(cloud, nemesis, *, lasts=1.0, kinds, on=None, guard=None, settle=2.0):
    """Let time pass, with trouble or without, then heal everything and wait for what is left."""
    if nemesis == "swarm":
        await cloud.start(Swarm(kinds=kinds, lasts=lasts, on=on, guard=guard)).finished()
    else:
        await cloud.sleep(lasts)
    await cloud.sleep(settle)


async def answered(*calls):
    """Wait for what is asked when all is well again: each call is tried until it is answered.

    So a run has something to judge, however bad it was before; and what was lost is missed.
    """
    for call in calls:
        while True:
            try:
                await call()
            except CallError:
                continue
            break
