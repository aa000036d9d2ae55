"""Owns runs of the real Raft store under a swarm of faults: the scenario `raft-rules`, by seeds."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

from minicloud.scenario.api import Case, Scenario
from minicloud.scenario.loading import load
from minicloud.scenario.running import execute, result_of
from minicloud.scenario.shrinking import shrink

SCENARIOS = Path(__file__).resolve().parent.parent / "scenarios"
CASES = {
    "commit_current_term_only": ("figure_eight", "storm_naive"),
    "prevote": ("partial_partition", "no_prevote"),
    "check_quorum": ("partial_partition", "no_check_quorum"),
    "stickiness": ("partial_partition", "no_stickiness"),
    "noop_before_membership_change": ("two_joint_one_noop", "naive"),
    "joint_both_majorities": ("change_while_cut", "naive"),
    "one_change_at_a_time": ("change_while_cut", "two_at_once"),
    "vote_durable": ("raft_ambush", "no_vote_durable"),
    "read_confirms_leadership": ("raft_ambush", "no_read_confirms_leadership"),
    "lease_ends_on_transfer": ("raft_ambush", "no_lease_ends_on_transfer"),
    "lease_bound": ("raft_ambush", "no_lease_bound"),
}
"""The lesson of a rule, and its variant; the others' is `raft-rules`, with a variant for each."""
BUDGET = 600
SHRINK_S = 60.0
LASTS = 2.5
"""Seconds of trouble in a run of the sweep."""


@cache
def _lesson(name: str) -> Scenario[Any]:
    return load(SCENARIOS / f"{name}.py")


def sweep(nodes: int, first: int, count: int) -> dict[str, Any]:
    """A range of seeds with all rules on: what was convicted, what nobody knows, what was done."""
    lesson = _lesson("raft_rules")
    done: dict[str, Any] = {"broken": [], "unknown": [], "operations": 0, "ok": 0, "virtual_s": 0.0}
    for seed in range(first, first + count):
        case = lesson.case(None, {"nodes": nodes, "lasts": LASTS}, seed=seed)
        run = execute(lesson, case)
        said = result_of(case, run)
        if said.verdict != "valid":
            why = [f"{c.name}: {c.detail}" for c in said.checks if c.verdict == said.verdict]
            kind = "unknown" if said.verdict == "unknown" else "broken"
            done[kind].append((seed, "; ".join(why) or str(said.error)))
        operations = run.history.operations()
        done["operations"] += len(operations)
        done["ok"] += sum(op.outcome == "ok" for op in operations)
        done["virtual_s"] += run.virtual_s
    return done


def convict(rule: str) -> dict[str, Any]:
    """The first seed at which a run without the rule is convicted, and its smallest case."""
    name, variant = CASES.get(rule, ("raft_rules", f"no_{rule}"))
    lesson = _lesson(name)
    check = lesson.variants[variant].checks[0]
    found: dict[str, Any] = {"rule": rule, "level": "service", "where": f"{name} {variant}"}
    began = time.perf_counter()
    for seed in range(BUDGET):
        case = lesson.case(variant, {}, seed=seed)
        words = _convicted(lesson, case, check)
        if words is not None:
            found |= {"seed": seed, "words": words}
            found["wall_s"] = round(time.perf_counter() - began, 1)
            return found | _smallest(lesson, case, check)
    return found | {"seed": None, "words": None, "wall_s": round(time.perf_counter() - began, 1)}


def _convicted(lesson: Scenario[Any], case: Case, check: str) -> str | None:
    said = result_of(case, execute(lesson, case))
    words = {c.name: c.detail for c in said.checks if c.verdict == "invalid"}
    return words.get(check)


def _smallest(lesson: Scenario[Any], case: Case, check: str) -> dict[str, Any]:
    done = shrink(lesson, case, check=check, budget_s=SHRINK_S)
    sizes = {"before": done.before, "after": done.after}
    return {
        name: {"faults": s.faults, "operations": s.operations, "deviations": s.deviations}
        for name, s in sizes.items()
    }
