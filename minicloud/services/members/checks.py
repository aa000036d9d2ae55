"""Owns what may be promised of a group: who is down is known to be, and who is up is not accused.

The two halves of a failure detector (Chandra and Toueg, "Unreliable Failure Detectors for Reliable
Distributed Systems", JACM 1996, section 2.2), as conditions that look into the members from
outside. Knows no detector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from minicloud.errors import UsageError

if TYPE_CHECKING:
    from minicloud.services.members.group import Group

__all__ = ["accuracy", "completeness", "timely"]


def completeness(group: Group[Any]) -> Callable[[], None]:
    """Every member that is up holds every host that is down for dead, or gone.

    For the end, `cloud.check(completeness(group))`, or after a crash,
    `cloud.eventually(within=5)(completeness(group))`.
    """

    def completeness() -> None:
        for observer, target, status in _unnoticed(group):
            raise AssertionError(f"{observer} holds {target} for {status}, and it is down")

    return completeness


def accuracy(group: Group[Any]) -> Callable[[], None]:
    """Every member that is up is alive to every member that is up. Use it as `completeness`.

    It can hold only when no fault is in force, and has not been for a while.
    """

    def accuracy() -> None:
        views = group.views()
        for observer, view in views.items():
            for target in views:
                status = view.get(target, "unknown")
                if status != "alive":
                    raise AssertionError(f"{observer} holds {target} for {status}, and it is up")

    return accuracy


def timely(group: Group[Any], *, within: float) -> Callable[[], None]:
    """`cloud.always(timely(group, within=10))`: whoever is down for so many seconds is known to be,
    by each member that was up, and not paused, all the while.

    Raises `UsageError` for what is no time.
    """
    if not 0 < within < inf:
        raise UsageError(f"timely(within={within!r}): give seconds above 0")
    since: dict[tuple[str, str], float] = {}

    def timely() -> None:
        nonlocal since
        now, unnoticed = group.now, list(_unnoticed(group))
        since = {(o, t): since.get((o, t), now) for o, t, _ in unnoticed}
        for observer, target, status in unnoticed:
            waited = now - since[observer, target]
            if waited > within:
                raise AssertionError(
                    f"{observer} holds {target} for {status}, and it is down for {waited:.3g} s"
                )

    return timely


def _unnoticed(group: Group[Any]) -> Iterator[tuple[str, str, str]]:
    """Observer, host that is down, and what the one holds the other for."""
    down = [host.name for host in group.hosts if not host.up]
    if not down:
        return
    paused = [host.name for host in group.hosts if host.paused]
    for observer, view in group.views().items():
        for target in down if observer not in paused else ():
            status = view.get(target)
            if status in ("alive", "suspect"):
                yield observer, target, status
