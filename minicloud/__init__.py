"""A whole cloud in one Python process: the public names, and nothing else.

Each name is imported when it is first asked for, so `import minicloud` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minicloud import check, dist, nemesis
    from minicloud.check.history import History
    from minicloud.check.models import Model
    from minicloud.check.verdict import Judgement, Verdict
    from minicloud.cloud import Client, Cloud, Limits, Run, operation
    from minicloud.errors import CallError, OutcomeUnknown, QuorumFailed, Refused
    from minicloud.node import faults
    from minicloud.node.faults import Schedule
    from minicloud.node.host import Host
    from minicloud.node.machine.spec import Machine
    from minicloud.node.messages.handlers import every, handle
    from minicloud.node.messages.later import Later
    from minicloud.node.messages.message import Message, Request
    from minicloud.node.node import Node
    from minicloud.scenario import breaks, holds, run, scenario, sweep
    from minicloud.services import kv, members
    from minicloud.workload import Load, Workload

ms = 0.001
"""A millisecond in seconds: `timeout=50 * ms`."""

_HOME = {
    "CallError": "errors",
    "Client": "cloud",
    "Cloud": "cloud",
    "History": "check.history",
    "Host": "node.host",
    "Judgement": "check.verdict",
    "Later": "node.messages.later",
    "Limits": "cloud",
    "Load": "workload",
    "Machine": "node.machine.spec",
    "Message": "node.messages.message",
    "Model": "check.models",
    "Node": "node.node",
    "OutcomeUnknown": "errors",
    "QuorumFailed": "errors",
    "Refused": "errors",
    "Request": "node.messages.message",
    "Run": "cloud",
    "Schedule": "node.faults",
    "Verdict": "check.verdict",
    "Workload": "workload",
    "breaks": "scenario",
    "every": "node.messages.handlers",
    "handle": "node.messages.handlers",
    "holds": "scenario",
    "operation": "cloud",
    "run": "scenario",
    "sweep": "scenario",
}
_MODULES = {
    "check": "check",
    "dist": "dist",
    "faults": "node.faults",
    "kv": "services.kv",
    "members": "services.members",
    "nemesis": "nemesis",
    # A package that is also the decorator; see its foot.
    "scenario": "scenario",
}

__all__ = [
    "CallError",
    "Client",
    "Cloud",
    "History",
    "Host",
    "Judgement",
    "Later",
    "Limits",
    "Load",
    "Machine",
    "Message",
    "Model",
    "Node",
    "OutcomeUnknown",
    "QuorumFailed",
    "Refused",
    "Request",
    "Run",
    "Schedule",
    "Verdict",
    "Workload",
    "breaks",
    "check",
    "dist",
    "every",
    "faults",
    "handle",
    "holds",
    "kv",
    "members",
    "ms",
    "nemesis",
    "operation",
    "run",
    "scenario",
    "sweep",
]


def _version() -> str:
    # Reading the metadata takes longer than everything else here.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("minicloud")
    except PackageNotFoundError:
        return "0 (not installed)"


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _MODULES:
        value = import_module(f"minicloud.{_MODULES[name]}")
    elif name in _HOME:
        value = getattr(import_module(f"minicloud.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"minicloud has no {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
