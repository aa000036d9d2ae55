"""Owns how a store's spec and a request's demand become rules, or a sentence why they can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.errors import UsageError
from minicloud.protocols.kv import Command, Get, Put
from minicloud.protocols.quorums import Level, Quorums, needed
from minicloud.services.kv.client import Bounded, Consistency, Demand, not_offered
from minicloud.services.kv.quorum.rules import Rules

if TYPE_CHECKING:
    from minicloud.services.kv.quorum.spec import Quorum

__all__ = ["complain", "rules_of"]

_SEES = {
    Consistency.READ_YOUR_WRITES: ("writes",),
    Consistency.MONOTONIC_READS: ("reads",),
    Consistency.MONOTONIC_WRITES: (),
    Consistency.WRITES_FOLLOW_READS: (),
    Consistency.SESSION: ("reads", "writes"),
}
"""What of a session's memory a read of each level must not fall behind."""

_EVENTUAL = ("eventual",)
_OF_ONE_KEY = "session and each of its four guarantees (for each key by itself)"
_OFFERED = ("linearizable", "bounded staleness", _OF_ONE_KEY, *_EVENTUAL)


def rules_of(spec: Quorum, demand: Demand) -> Rules:
    """The rules for one request. Raises `UsageError` where there are none."""
    level = demand.level
    strong = spec.linearizable if level is None else level is Consistency.LINEARIZABLE
    fresh = strong or isinstance(level, Bounded)
    _offered(spec, Consistency.LINEARIZABLE if strong else level)
    # A store that is to be linearizable at all times has numbers that overlap, or can't be made.
    majorities = fresh and not spec.linearizable and not _own(spec).overlap
    quorums = _quorums(spec, demand, majorities=majorities)
    _overlapping(spec, quorums, demand, "linearizable" if strong else "bounded" if fresh else "")
    r, w = _asked(spec, demand)
    local_w = w is Level.LOCAL_QUORUM
    return Rules(
        quorums=quorums,
        # Who waits for his own region alone asks nobody else either, unless he says so.
        local_r=r is Level.LOCAL_QUORUM or (r is None and local_w),
        local_w=local_w,
        ask_first=(spec.ask_first or fresh) and spec.conflicts == "lww" and spec.clock != "client",
        write_back=spec.write_back or strong,
        read_repair=spec.read_repair,
        sloppy=spec.sloppy,
        session=demand.session,
        sees=_SEES.get(level, ()) if isinstance(level, Consistency) else (),
        timeout=spec.timeout if demand.timeout is None else demand.timeout,
    )


def complain(spec: Quorum, command: Command, accepts: tuple[type, ...]) -> None:
    """Raise `UsageError` for a command that this store can't carry out."""
    if not isinstance(command, (Get, *accepts)):
        words = ", ".join(kind.__name__.lower() for kind in (Get, *accepts))
        name = type(command).__name__.lower()
        own = "" if spec.conflicts == "lww" else f"(conflicts={spec.conflicts!r})"
        raise UsageError(f"kv.Quorum{own} has no {name}: it has {words}")
    if isinstance(command, Put) and command.lease:
        raise UsageError("kv.Quorum has no leases: put with ttl= for a value that ends")
    if isinstance(command, Put) and command.ttl_ns is not None and spec.conflicts != "lww":
        raise UsageError(f'kv.Quorum(conflicts={spec.conflicts!r}) has no ttl=: only "lww" has')


def _offered(spec: Quorum, level: Consistency | Bounded | None) -> None:
    """Complain of a level that the store has no way to keep."""
    if level is None or level is Consistency.EVENTUAL:
        return
    if spec.conflicts != "lww" or spec.clock not in ("logical", "hybrid"):
        how = f"(conflicts={spec.conflicts!r}, clock={spec.clock!r})"
        raise not_offered(f"Quorum{how}", level, _EVENTUAL)
    if not (isinstance(level, Bounded) or level is Consistency.LINEARIZABLE or level in _SEES):
        raise not_offered("Quorum", level, _OFFERED)
    if spec.sloppy and (isinstance(level, Bounded) or level is Consistency.LINEARIZABLE):
        raise not_offered("Quorum(sloppy=True)", level, _OFFERED[2:])


def _overlapping(spec: Quorum, quorums: Quorums, demand: Demand, wanted: str) -> None:
    """Complain where a read might not meet the last write, and must."""
    n, r, w = quorums.n, quorums.r, quorums.w
    if wanted and Level.LOCAL_QUORUM in _asked(spec, demand):
        raise UsageError(
            f"kv.Quorum: {wanted} and LOCAL_QUORUM: two regions' replicas need not have one in "
            "common. Leave r and w out for majorities of all"
        )
    if wanted and not quorums.overlap:
        raise UsageError(
            f"kv.Quorum: {wanted} needs r + w > n, and {r} + {w} is not above {n}: a read "
            "might not meet the last write. Leave r and w out for majorities"
        )


def _own(spec: Quorum) -> Quorums:
    return _quorums(spec, Demand(), majorities=False)


def _asked(spec: Quorum, demand: Demand) -> tuple[int | Level | None, int | Level | None]:
    return (
        spec.r if demand.r is None else demand.r,
        spec.w if demand.w is None else demand.w,
    )


def _quorums(spec: Quorum, demand: Demand, *, majorities: bool) -> Quorums:
    """What the request says, else what the store says, else majorities."""
    n = spec.nodes if spec.n is None else spec.n
    sizes = []
    for asked, own, what in ((demand.r, spec.r, "r"), (demand.w, spec.w, "w")):
        size = asked if asked is not None else None if majorities else own
        if size is Level.LOCAL_QUORUM and not spec.zones:
            raise UsageError(
                f"kv.Quorum: {what}=LOCAL_QUORUM: the replicas are in no zones; give kv.Quorum("
                'zones=("eu-west/a", …))'
            )
        # How many of them are local is known with the key; so many are the most it can be.
        size = Level.QUORUM if size is None or size is Level.LOCAL_QUORUM else size
        sizes.append(needed(size, n, what=f"kv.Quorum: {what}"))
    return Quorums(n, *sizes)
