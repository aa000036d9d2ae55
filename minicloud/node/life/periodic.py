"""Owns what `@every` does once a node is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minicloud.kernel.clock import seconds, to_ns

if TYPE_CHECKING:
    from minicloud.node.life.incarnation import Incarnation
    from minicloud.node.messages.handlers import PeriodicSpec
    from minicloud.node.node import Node

__all__ = ["start_periodic"]


def start_periodic(incarnation: Incarnation, node: Node, spec: PeriodicSpec) -> None:
    """Call a node's periodic method until the incarnation ends."""
    method = getattr(node, spec.method)

    def period_ns() -> int:
        early = spec.jitter * node.random.random() if spec.jitter else 0.0
        return to_ns(spec.period * (1.0 - early))

    def tick() -> None:
        incarnation.after(period_ns(), tick, (), spec.method)
        method()

    async def loop() -> None:
        while True:
            await incarnation.sleep(seconds(period_ns()))
            await method()

    if spec.is_async:
        incarnation.spawn(loop)
    elif spec.jitter:
        incarnation.after(period_ns(), tick, (), spec.method)
    else:
        node.every(spec.period, method)
