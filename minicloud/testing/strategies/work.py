"""Owns what is asked of a service as strategies: operations as data, at their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from minicloud.cloud.script import Do
from minicloud.errors import UsageError
from minicloud.testing.strategies.times import at_most, moments

__all__ = ["nth", "operations", "workloads"]

Arguments = st.SearchStrategy[Any] | Sequence[st.SearchStrategy[Any]]


class _Nth:
    """Stands for the number of its operation until there is one."""

    def __repr__(self) -> str:
        return "nth()"


_NTH = _Nth()


def nth() -> st.SearchStrategy[Any]:
    """The number of the operation within its workload, from 1: a value that is written once."""
    return st.just(_NTH)


def operations(
    calls: Mapping[str, Arguments],
    *,
    clients: int | Sequence[str] = 2,
    load: str = "load",
    lasts: float = 10.0,
) -> st.SearchStrategy[Do]:
    """One operation of a load.

    calls: for each method of the clients, the strategies of its arguments, or one strategy of
    tuples of them: `{"read": (keys,), "write": (keys, nth())}`. Simple ones go first.
    clients: names of the clients' hosts, or how many: those of a load of that name.
    lasts: virtual seconds within which it begins.
    """
    if not calls:
        raise UsageError("operations: give calls, such as {'read': (keys,)}")
    # Few numbers an operation, so that Hypothesis can take it out of a list: see `troubles`.
    asked = [
        st.tuples(st.just(client), st.just(call), _arguments(call, given))
        for client in _clients(clients, load)
        for call, given in calls.items()
    ]
    when, what = moments(lasts), st.one_of(asked)

    @st.composite
    def asking(draw: st.DrawFn) -> Do:
        return Do(draw(when), *draw(what))

    return asking()


def workloads(
    calls: Mapping[str, Arguments],
    *,
    clients: int | Sequence[str] = 2,
    load: str = "load",
    lasts: float = 10.0,
    max_operations: int = 20,
) -> st.SearchStrategy[tuple[Do, ...]]:
    """The operations of a load in the order of their times; shrinks to fewer, earlier ones.

    For a `Script`: `Script(operations={"load": workload})` makes a load of that name do exactly
    these. The arguments are those of `operations`.
    """
    one = operations(calls, clients=clients, load=load, lasts=lasts)
    some = at_most(max_operations, one, "max_operations")

    @st.composite
    def working(draw: st.DrawFn) -> tuple[Do, ...]:
        return _in_order(draw(some))

    return working()


def _in_order(drawn: list[Do]) -> tuple[Do, ...]:
    ordered = sorted(drawn, key=lambda do: do.at)
    return tuple(
        msgspec.structs.replace(do, args=tuple(number if arg is _NTH else arg for arg in do.args))
        for number, do in enumerate(ordered, 1)
    )


def _arguments(call: str, given: Arguments) -> st.SearchStrategy[tuple[Any, ...]]:
    if isinstance(given, st.SearchStrategy):
        return given.map(lambda args: args if isinstance(args, tuple) else (args,))
    if all(isinstance(one, st.SearchStrategy) for one in given):
        return st.tuples(*given)
    raise UsageError(
        f"calls[{call!r}]: give a strategy for each argument, such as (st.integers(),)"
    )


def _clients(clients: int | Sequence[str], load: str) -> tuple[str, ...]:
    if isinstance(clients, int) and not isinstance(clients, bool) and clients >= 1:
        return tuple(f"{load}-{number}" for number in range(1, clients + 1))
    if isinstance(clients, Sequence) and clients:
        return (clients,) if isinstance(clients, str) else tuple(clients)
    raise UsageError(f"clients={clients!r}: give a number from 1, or names of hosts")
