"""Owns storms over Raft as a value: a cluster in memory, faults drawn from a seed, all watched.

The storms are those of `tests/protocols/raft`; a run of them knows no kernel and no store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

STORMS = Path(__file__).resolve().parent.parent / "tests" / "protocols" / "raft"
BUDGET = 600
"""Seeds within which every rule that is switched off must be convicted."""


def _storms() -> tuple[Any, Any, Any]:
    """The modules of the storms, of the weathers, and of the faults that stay."""
    if str(STORMS) not in sys.path:
        sys.path.insert(0, str(STORMS))
    import raft_calm  # noqa: PLC0415 - they are tests' modules, found by the path above
    import raft_chaos  # noqa: PLC0415
    import raft_weathers  # noqa: PLC0415

    return raft_chaos, raft_weathers, raft_calm


def sweep(nodes: int, first: int, count: int) -> list[tuple[int, str]]:
    """The seeds of a range at which something broke, and what, on so many voters at first."""
    chaos, weathers, _ = _storms()
    broken = []
    for seed in range(first, first + count):
        weather = msgspec.structs.replace(weathers.swarm(seed), voters=nodes)
        words = chaos.storm(seed, None, weather)
        if words is not None:
            broken.append((seed, words))
    return broken


def rules() -> list[str]:
    """All rules that can be switched off."""
    from minicloud.protocols.raft import Rules  # noqa: PLC0415 - --help needs no Raft

    return [*msgspec.structs.asdict(Rules())]


def convict(rule: str) -> dict[str, Any]:
    """The first seed that convicts a cluster without the rule, in the weather made for it."""
    from minicloud.protocols.raft import Rules  # noqa: PLC0415

    chaos, weathers, calm = _storms()
    without = Rules(**{rule: False})
    lasting = {"prevote": "returning", "stickiness": "one_link", "check_quorum": "deaf"}
    where = lasting[rule] if rule in lasting else weathers.CONVICTED[rule][0]
    for seed in range(BUDGET):
        if rule in lasting:
            words = getattr(calm, where)(seed, without)
        else:
            words = chaos.storm(seed, without, weathers.WEATHERS[where])
        if words is not None:
            return {"rule": rule, "level": "value", "where": where, "seed": seed, "words": words}
    return {"rule": rule, "level": "value", "where": where, "seed": None, "words": None}
