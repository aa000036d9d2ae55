"""Owns the case that a run folder repeats: parameters, seed, order and what was dictated."""

from __future__ import annotations

from typing import Any

from minicloud.node.life.probe import Cut
from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.folder import RunFolder

__all__ = ["case_of"]


def case_of(scenario: Scenario[Any], folder: RunFolder) -> Case:
    """The case that a kept run was of.

    Raises `UsageError` where the scenario has no such variant or parameter any more, `FileError`
    for a script that is damaged.
    """
    about = folder.run
    return scenario.case(
        about.get("variant"),
        about["params"],
        seed=about["seed"],
        until=about.get("until"),
        order=about.get("order"),
        script=folder.dictated,
        guard=about.get("guard", "error"),
        cut=Cut.parse(about["cut"]) if "cut" in about else None,
    )
