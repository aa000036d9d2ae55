"""Convergence: after the last write and the last fault all replicas hold the same, and it is one of
the last writes; knows no engine.

It is the one check here that asks the store itself, not only what its clients were told: a store
may converge to something that nobody ever read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minicloud.check.event import Operation
from minicloud.check.seen import Asking, Edition, StoreCheck
from minicloud.check.seen.asking import Finding
from minicloud.check.values import ABSENT, freeze_exactly, show
from minicloud.check.verdict import Check, Judgement, Verdict
from minicloud.errors import UsageError

__all__ = ["converged"]


def converged(store: Any, *, lossy: bool = False) -> Check:
    """The check that all replicas of a store hold the same in the end, and something lawful.

    store: a handle with a `name` and `values(key)`, which gives what each host holds. For each key
    of the history: all hosts hold one value, which somebody wrote; and nobody has certainly
    overwritten it: no acknowledged write has a higher version or, where versions were not told,
    began after that one had returned. Let the run go on after its last fault for as long as the
    store may take: the check looks once, at the end. Hosts that are down do not count.

    lossy: an acknowledged write may be lost, as by an asynchronous backup that takes over; then
    only what nobody wrote, and a difference between hosts, convict.
    """
    if not callable(getattr(store, "values", None)) or isinstance(store, dict):
        raise UsageError(
            f"converged({store!r}): give the handle of a store, which knows what its hosts hold"
        )
    return _Converged(store, lossy=lossy)


class _Converged(StoreCheck):
    name = "converged"

    def __init__(self, store: Any, *, lossy: bool) -> None:
        super().__init__(store)
        self.handle = store
        self.lossy = lossy

    def judged(self, asking: Asking) -> Judgement:
        keys = [key for key in asking.view.keys if asking.view.editions.get(key)]
        if not keys:
            return self.nothing("nobody wrote or read anything")
        for key in keys:
            held: Mapping[str, Any] = self.handle.values(key)
            clash = self.clash(asking, key, held)
            if clash is not None:
                return self.invalid(clash)
        return Judgement(
            verdict=Verdict.VALID,
            why=f"in the end all hosts hold the same under each of {len(keys):,} keys",
        )

    def clash(self, asking: Asking, key: Any, held: Mapping[str, Any]) -> Finding | None:
        values = {name: freeze_exactly(value) for name, value in held.items()}
        different = list(dict.fromkeys(values.values()))
        if len(different) > 1:
            told = ", ".join(f"{name} {show(value)}" for name, value in held.items())
            writes = self.lasts(asking, key)
            return Finding(f"in the end hosts differ about {key}: {told}", tuple(writes), key)
        if not different:
            return None
        value = different[0]
        return self.unlawful(asking, key, value, show(next(iter(held.values()))))

    def lasts(self, asking: Asking, key: Any) -> list[Operation]:
        """The last writes of a key: those that no other certainly follows."""
        makers = [op for one in asking.view.editions[key] for op in one.makers if op.known]
        latest = max((op.start for op in makers), default=-1)
        return [op for op in makers if (op.end or 0) > latest]

    def unlawful(self, asking: Asking, key: Any, value: Any, told: str) -> Finding | None:
        view = asking.view
        editions = view.editions.get(key, [])
        writes = [one for one in editions if one.makers]
        if key in view.vague or (value is ABSENT and key in view.lent):
            return None
        mine = [one for one in writes if one.value == value]
        if value is ABSENT and not any(op.known for one in writes for op in one.makers):
            return None
        if not mine and value is not ABSENT:
            return Finding(f"in the end all hosts hold {key}={told}, which nobody wrote", (), key)
        over = [one for one in writes if one.value != value and self.follows(one, mine)]
        if not over or self.lossy:
            return None
        lost = max(over, key=lambda one: one.makers[0].start).makers[0]
        evidence = (*(one.makers[0] for one in mine), lost)
        words = asking.words(*evidence)
        return Finding(
            f"in the end all hosts hold {key}={told}, but after that {words.had(lost)}, ok "
            f"{words.at(lost.end_ns)}: an acknowledged write is lost",
            evidence,
            key,
        )

    def follows(self, later: Edition, earlier: list[Edition]) -> bool:
        """Whether an acknowledged version certainly came after all of these."""
        known = [op for op in later.makers if op.known]
        return bool(known) and all(_after(known[0], later, one) for one in earlier)


def _after(op: Operation, later: Edition, earlier: Edition) -> bool:
    if later.number is not None and earlier.number is not None:
        return bool(later.number > earlier.number)
    return all(maker.end is not None and maker.end < op.start for maker in earlier.makers)
