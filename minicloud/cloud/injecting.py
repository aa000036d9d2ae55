"""Owns `cloud.inject`: a fault, or a schedule of them, for the length of a `with` block.

What a fault does is its own business, and what a schedule does that of the nemesis, a room above.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minicloud.cloud.client import Client
from minicloud.errors import UsageError
from minicloud.net.faults.names import flat, is_pattern, is_selector
from minicloud.net.faults.values import Fault
from minicloud.node.faults import HostFault, Rolling, Schedule
from minicloud.node.faults.apply import inject_on
from minicloud.node.faults.targets import resolve

if TYPE_CHECKING:
    from minicloud.cloud.cloud import Cloud
    from minicloud.node.host import Host

__all__ = ["begun", "injected", "is_plan"]


def is_plan(thing: Any) -> bool:
    """Whether it is a schedule of faults, or makes one."""
    return not isinstance(thing, type) and (isinstance(thing, Schedule) or hasattr(thing, "begin"))


def begun(cloud: Cloud, plan: Any) -> Any:
    """A schedule of faults under way; gives its handle."""
    if not isinstance(plan, Schedule):
        return plan.begin(cloud)
    # A schedule is data and knows no nemesis, and this room may import none from above it.
    nemesis: Any = import_module("minicloud.nemesis")
    return nemesis.begin(cloud, lambda _name: plan)


def injected(cloud: Cloud, fault: Any) -> AbstractContextManager[Any]:
    """A fault in force, or a schedule under way, until the end of the block."""
    if is_plan(fault):
        return _under_way(cloud, fault)
    if not isinstance(fault, Fault):
        raise UsageError(
            f"cloud.inject({fault!r}): give a fault, such as faults.Crash('r1'), or a schedule"
        )
    if fault.at is not None or fault.lasts is not None or isinstance(fault, Rolling):
        raise UsageError(
            f"cloud.inject({fault.kind}): the block says when it begins and ends. Leave out at and "
            "lasts, or put it in a Schedule"
        )
    selected = any(is_selector(n) for f in fault.__struct_fields__ for n in flat(getattr(fault, f)))
    if selected or isinstance(fault, HostFault):
        return _resolved(cloud, fault, selected=selected)
    return cloud.net.inject(fault)


@contextmanager
def _under_way(cloud: Cloud, plan: Any) -> Iterator[Any]:
    chaos = begun(cloud, plan)
    try:
        yield chaos
    finally:
        chaos.heal()


@contextmanager
def _resolved(cloud: Cloud, fault: Fault, *, selected: bool) -> Iterator[tuple[Fault, ...]]:
    """Gives what it came to: faults with names, or none where nobody fits."""
    hosts = cloud.hosts
    if isinstance(fault, HostFault):
        _must_exist(fault, hosts)
    # As for a nemesis: who is selected is under test, and a client is not.
    names = [name for name, host in hosts.items() if not selected or not _is_client(host)]
    states = {name: hosts[name].state for name in names}
    zones = {name: hosts[name].zone for name in names}
    stream = cloud._kernel.entropy.stream("inject", cloud.net.unique(f"inject {fault.kind}"))  # noqa: SLF001
    found = resolve(fault, names, states, zones, stream)
    with ExitStack() as stack:
        for one in found:
            if not isinstance(one, HostFault):
                stack.enter_context(cloud.net.inject(one))
                continue
            for name in one.hosts:
                stack.callback(inject_on(one, hosts[name]))
        yield found


def _must_exist(fault: HostFault, hosts: dict[str, Host[Any]]) -> None:
    for name in fault.hosts:
        if not is_pattern(name) and not is_selector(name) and name not in hosts:
            known = ", ".join(hosts) or "none"
            raise UsageError(f"{fault.kind}: there is no host {name!r}; hosts are: {known}")


def _is_client(host: Host[Any]) -> bool:
    return issubclass(host._cls, Client)  # noqa: SLF001 - a host that is down has no node to ask
