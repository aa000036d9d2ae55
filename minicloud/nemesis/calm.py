"""Owns which hosts are the healthy core, when a run turns from safety to liveness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minicloud.cloud.control import names_of
from minicloud.errors import UsageError
from minicloud.kernel.entropy import Stream

__all__ = ["choose"]


def choose(
    core: str | Iterable[str], hosts: Sequence[str], robbed: dict[str, str], draw: Stream
) -> tuple[str, ...]:
    """The core's names, in the order of the hosts.

    Hosts that lost what they had acknowledged come last: a core of them could only be wrong. One
    shuffle is drawn whatever is asked for. Raises `UsageError` for a core that is none.
    """
    order = list(hosts)
    draw.shuffle(order)
    order.sort(key=lambda name: name in robbed)
    half = len(hosts) // 2
    sizes = {"majority": half + 1, "minority": max(1, (len(hosts) - 1) // 2), "all": len(hosts)}
    if not hosts:
        raise UsageError("calm(): there is no host under test, so there is no core")
    if isinstance(core, str) and core in sizes:
        chosen = order[: sizes[core]]
    else:
        chosen = list(names_of(core))
        for name in chosen:
            if name not in hosts:
                raise UsageError(
                    f"calm(core={name!r}): say 'majority', 'minority', 'all' or names of hosts "
                    f"under test: {', '.join(hosts)}"
                )
    return tuple(name for name in hosts if name in chosen)
