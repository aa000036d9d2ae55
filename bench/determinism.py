"""Does a seed decide everything? Many seeds of the suite's scenarios, each in two processes.

    python -m bench.determinism [--seeds 10000] [--sample 20] [--pythons PATH ...] [--json]

The two processes have different hash seeds and different heaps, and are replaced after 100 runs by
two with yet others. Digests must be equal within each Python; and across Pythons for scenarios that
use only minicloud, since another release of a library may take other steps. `--sample 20` makes one
run in 20. Exits with 1 where a digest differs or a scenario cannot be run, and says which, and
under which seed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import blake2b
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from minicloud.errors import MinicloudError
from minicloud.scenario.api import Case
from minicloud.scenario.jobs import Job, job_of
from minicloud.scenario.loading import load
from minicloud.scenario.running import Result
from minicloud.scenario.sweeping.crew import Crew
from minicloud.scenario.sweeping.worker import Start, Worker

ROOT = Path(__file__).resolve().parent.parent
SEEDS, RECYCLE, LIMIT_S = 10_000, 100, 300.0


class Subject(msgspec.Struct, kw_only=True):
    """One variant of one scenario: what is run of it, and what differed."""

    case: Case
    job: Job
    pure: bool
    seeds: list[int]
    digests: dict[str, dict[int, str | None]] = {}
    """By Python and seed."""
    wrong: list[str] = []

    @property
    def name(self) -> str:
        return f"{self.case.scenario}/{self.case.variant or '-'}"


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print a table or an object; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.determinism", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="runs over all scenarios")
    parser.add_argument("--sample", type=int, default=1, help="make one run in so many")
    parser.add_argument("--pythons", nargs="+", default=[sys.executable], metavar="PATH")
    parser.add_argument("--scenarios", type=Path, default=ROOT / "scenarios", metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no table")
    options = parser.parse_args(arguments)
    if options.sample < 1 or options.seeds < options.sample:
        parser.error("--seeds and --sample must leave at least one run")
    began = time.perf_counter()
    try:
        names = {python: _version(python) for python in options.pythons}
        found = subjects(options.scenarios, options.seeds, options.sample)
        code = code_digest(options.scenarios)
        for python in options.pythons:
            compare(found, python, names[python])
        across(found)
        refuse_change(options.scenarios, code)
    except (MinicloudError, OSError) as error:
        print(f"bench.determinism: {error}", file=sys.stderr)
        return 2
    wrong = [f"{one.name}: {words}" for one in found for words in one.wrong]
    result = {
        "runs": sum(len(one.seeds) for one in found),
        "pythons": list(names.values()),
        "subjects": [{"name": one.name, "runs": len(one.seeds), "pure": one.pure} for one in found],
        "differences": wrong,
        "wall_s": round(time.perf_counter() - began, 1),
    }
    print(json.dumps(result) if options.json else table(found, result))
    return 1 if wrong else 0


def _version(python: str) -> str:
    """The version of another Python, and that minicloud can be imported there."""
    code = "import platform, minicloud.scenario.jobs; print(platform.python_version())"
    child = subprocess.run(
        [python, "-P", "-c", code], env=_environment(), capture_output=True, text=True, check=False
    )
    if child.returncode:
        last = child.stderr.strip().splitlines()[-1:] or ["no output"]
        raise OSError(f"{python} cannot import minicloud: {last[0]}")
    return child.stdout.strip()


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def subjects(folder: Path, seeds: int, sample: int) -> list[Subject]:
    """Every variant of every scenario in a folder, with its share of the seeds."""
    found = []
    for file in sorted(folder.glob("*.py")):
        scenario = load(file)
        for variant in scenario.variants or [None]:
            case = scenario.case(variant)
            job = job_of(scenario, case)
            found.append(Subject(case=case, job=job, pure=is_pure(file), seeds=[]))
    if not found:
        raise OSError(f"{folder} has no scenario")
    for number in range(seeds // sample):
        found[number % len(found)].seeds.append(number // len(found) * sample)
    return found


def is_pure(file: Path) -> bool:
    """Whether a scenario imports nothing but minicloud and Python's own modules."""
    known = {"minicloud", "__future__", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] not in known for name in names):
            return False
    return True


def code_digest(folder: Path) -> str:
    """Over all the code that decides a run, but for libraries'."""
    whole = blake2b(digest_size=8)
    for file in sorted([*(ROOT / "minicloud").rglob("*.py"), *folder.glob("*.py")]):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def refuse_change(folder: Path, code: str) -> None:
    if code_digest(folder) != code:
        raise OSError("code has changed while this ran, so nothing is shown; run it again")


def compare(found: list[Subject], python: str, name: str) -> None:
    """Run every seed of every subject in two processes of one Python, and note what differs."""
    work = [(subject, seed) for subject in found for seed in subject.seeds]
    with _crew(python, 0) as one, _crew(python, 1) as other:
        pairs = zip_longest(_results(one, work), _results(other, work))
        early: dict[int, Result] = {}
        for number, result in (arrived for pair in pairs for arrived in pair if arrived):
            if number not in early:
                early[number] = result
                continue
            subject, seed = work[number]
            first = early.pop(number)
            subject.digests.setdefault(name, {})[seed] = first.digest
            if first.verdict is None or first.digest is None:
                subject.wrong.append(f"seed {seed} cannot be run on {name}: {first.error}")
            elif first.digest != result.digest:
                subject.wrong.append(f"seed {seed} differs between two processes of {name}")
            _progress(number, len(work), name)


def _crew(python: str, which: int) -> Crew:
    def start(number: int) -> Worker:
        nth = 2 * number + which
        return Worker(
            Start(
                python=python,
                path=sys.path if python == sys.executable else (),
                environment=_environment(PYTHONHASHSEED=str(nth)),
                ballast=7919 * nth % 100_003,
            )
        )

    return Crew(1, limit_s=LIMIT_S, recycle=RECYCLE, start=start)


def _results(crew: Crew, work: list[tuple[Subject, int]]) -> Iterator[tuple[int, Result]]:
    jobs = (
        (msgspec.structs.replace(subject.job, seed=seed), subject.case) for subject, seed in work
    )
    return crew.results(enumerate(jobs))


def _progress(number: int, total: int, name: str) -> None:
    if sys.stderr.isatty() and number % 10 == 0:
        print(f"\r{name}: {number:,} of {total:,} runs", end="\r", file=sys.stderr)


def across(found: list[Subject]) -> None:
    """Note what differs between Pythons, of what must not."""
    for subject in found:
        names = list(subject.digests)
        for other in names[1:] if subject.pure else []:
            for seed, digest in subject.digests[names[0]].items():
                if digest != subject.digests[other].get(seed):
                    subject.wrong.append(f"seed {seed} differs between {names[0]} and {other}")


def table(found: list[Subject], result: dict[str, Any]) -> str:
    width = max(len(one.name) for one in found)
    lines = [f"{'scenario':<{width}}   runs  outcome"]
    for one in found:
        scope = "" if one.pure or len(result["pythons"]) == 1 else ", within each Python"
        words = f"{len(one.wrong)} differ" if one.wrong else f"equal{scope}"
        lines.append(f"{one.name:<{width}}  {len(one.seeds):>5}  {words}")
    lines += [f"✖ {words}" for words in result["differences"][:20]]
    pythons = ", ".join(result["pythons"])
    lines.append(f"{result['runs']:,} runs, twice on each of {pythons}, in {result['wall_s']} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
