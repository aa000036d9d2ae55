"""What judging a history costs: the quick test, the search, and real histories where they are.

    python -m bench.check [--json]

Generates histories from seeds, judges them and prints wall time. The register history is the one of
the project's promise: 100,000 operations by 50 clients, distinct values, 5 % of unknown outcome.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from minicloud.check import History, judge_file, linearizable

OPERATIONS, CLIENTS, UNKNOWN = 100_000, 50, 0.05
SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "histories"


class Pending(msgspec.Struct):
    """An operation between its invocation and its completion."""

    invocation: int
    f: str
    value: Any
    effective: bool = False
    outcome: str = "ok"
    result: Any = None


def register_history(
    operations: int = OPERATIONS,
    clients: int = CLIENTS,
    unknown: float = UNKNOWN,
    *,
    seed: int = 0,
    values: int = 0,
    cas: float = 0.0,
    stale_at: int = -1,
) -> History:
    """Closed-loop clients of one register that keeps its word, in microseconds a step.

    Half of the operations read. `values` bounds what is written (0: all values differ), `cas` is
    the share of compare-and-sets. The first read after operation `stale_at` answers a value that
    was overwritten long before.
    """
    rng = random.Random(seed)
    history, state, written = History(), None, [None]
    process = list(range(clients))
    retired, idle, busy = clients, list(range(clients)), {}
    asked = now = 0
    while asked < operations or busy:
        now += 1_000
        if idle and asked < operations and (not busy or rng.random() < 0.5):
            client = idle.pop(rng.randrange(len(idle)))
            f, value = _ask(rng, asked, values, cas)
            invocation = history.invoke(time=now, process=process[client], f=f, value=value)
            busy[client] = Pending(invocation, f, value)
            asked += 1
            continue
        client = list(busy)[rng.randrange(len(busy))]
        pending = busy[client]
        if not pending.effective:
            pending.effective = True
            state = _act(pending, state)
            if pending.f == "write":
                written.append(pending.value)
            elif pending.f == "read" and 0 <= stale_at <= asked and len(written) > 4 * clients:
                pending.result, stale_at = written[-3 * clients], -1
            if rng.random() < 0.5:
                continue
        if rng.random() < unknown:
            history.complete(pending.invocation, time=now, type="info")
            process[client], retired = retired, retired + 1
        else:
            history.complete(
                pending.invocation, time=now, type=pending.outcome, value=pending.result
            )
        del busy[client]
        idle.append(client)
    return history


def _ask(rng: random.Random, number: int, values: int, cas: float) -> tuple[str, Any]:
    roll = rng.random()
    if roll < 0.5:
        return "read", None
    if roll < 0.5 + cas:
        return "cas", [rng.randrange(values), rng.randrange(values)]
    return "write", rng.randrange(values) if values else number


def _act(pending: Pending, state: Any) -> Any:
    """What the register does; returns its new state."""
    if pending.f == "read":
        pending.result = state
        return state
    if pending.f == "write":
        return pending.value
    if state != pending.value[0]:
        pending.outcome = "fail"
        return state
    return pending.value[1]


def measure(history: History, model: str) -> dict[str, Any]:
    """Judge once, from the recorded events to the verdict."""
    began = time.perf_counter()
    judged = linearizable(model).judge(history)
    wall_s = time.perf_counter() - began
    return {
        "ops": judged.operations,
        "wall_s": round(wall_s, 3),
        "per_s": round(judged.operations / wall_s),
        "verdict": judged.verdict.value,
        "configurations": judged.configurations,
        "evidence": len(judged.evidence),
        "why": judged.why,
    }


def measure_file(history: History) -> dict[str, Any]:
    """The same from a file: write it, read it, judge it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        history.write_jsonl(path)
        judged = judge_file(path, "register")
    return {
        "ops": judged.operations,
        "wall_s": judged.wall_s,
        "verdict": judged.verdict.value,
    }


def shared() -> list[dict[str, Any]]:
    """Real histories with known verdicts, where the folder is beside the checkout."""
    expected = SHARED / "expected.jsonl"
    if not expected.exists():
        return []
    rows = []
    for line in expected.read_text("utf-8").splitlines():
        known = json.loads(line)
        judged = judge_file(SHARED / known["file"], known["model"])
        right = (judged.verdict.value == "valid") is known["linearizable"]
        rows.append({**judged.as_dict(), "file": known["file"], "right": right})
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure and print. The exit code says whether every verdict was right."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__)
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    options = parser.parse_args(arguments)
    good = register_history()
    result: dict[str, Any] = {
        "python": sys.version.split()[0],
        "register_100k": measure(good, "register"),
        "register_100k_file": measure_file(good),
        "register_100k_stale_read": measure(register_history(stale_at=60_000), "register"),
        "cas_2k_10_clients": measure(
            register_history(2_000, 10, 0.01, values=5, cas=0.25), "cas-register"
        ),
        "shared": shared(),
    }
    if options.json:
        print(json.dumps(result))
    else:
        _table(result)
    wanted = {"register_100k_stale_read": "invalid"}
    wrong = [
        name
        for name, row in result.items()
        if isinstance(row, dict) and row["verdict"] != wanted.get(name, "valid")
    ]
    return 1 if wrong or not all(row["right"] for row in result["shared"]) else 0


def _table(result: dict[str, Any]) -> None:
    print(f"{'history':28}{'operations':>12}{'wall s':>9}  verdict")
    for name, row in result.items():
        if isinstance(row, dict):
            print(f"{name:28}{row['ops']:>12,}{row['wall_s']:>9.3f}  {row['verdict']}")
    for row in result["shared"]:
        verdict = row["verdict"] if row["right"] else f"{row['verdict']}  WRONG"
        print(f"{row['file']:28}{row['operations']:>12,}{row['wall_s']:>9.3f}  {verdict}")
    if not result["shared"]:
        print("(no ../shared/data/histories beside this checkout)")


if __name__ == "__main__":
    raise SystemExit(main())
