"""Owns how long a run is in decisions, which priorities with few changes must know beforehand."""

from __future__ import annotations

from minicloud.cloud.run import run_cloud
from minicloud.kernel.limits import Limits
from minicloud.kernel.orders.order import Order
from minicloud.scenario.exploring.explore import Test

__all__ = ["measured"]


def measured(
    test: Test,
    order: str = "pct",
    *,
    seed: int = 0,
    limits: Limits | None = None,
    until: float | None = None,
) -> str:
    """The order with its horizon measured in one run of `test(cloud)`: "pct:3" → "pct:3:1184".

    The run is one of priorities that never change. Runs of other seeds make about as many
    decisions; changes that fall behind the end of a run are changes less. Any other order, and one
    that has a horizon, is given back as it is. Raises `UsageError` for a text that is no order.
    """
    parsed = Order.parse(order)
    if parsed.name != "pct" or parsed.horizon is not None:
        return str(parsed)
    run = run_cloud(test, seed=seed, limits=limits, until=until, order="pct:1")
    return str(Order("pct", parsed.depth, max(1, run.decisions)))
