"""A stand-in for `minicloud.cloud` on plain Trio, with the same names. PYTEST_DONT_REWRITE"""

from __future__ import annotations

import enum
import random
import sys
import types

import msgspec
import trio
from trio.testing import MockClock

import minicloud.check
import minicloud.cloud
from minicloud.errors import UsageError
from minicloud.kernel.limits import Limits


from minicloud.check.verdict import Verdict


class CheckResult(msgspec.Struct):
    name: str
    verdict: Verdict
    detail: str


class Run(msgspec.Struct):
    seed: int
    verdict: object
    checks: list
    error: object
    exception: object
    failure: str
    digest: str
    virtual_s: float
    wall_s: float
    events: int
    messages: int
    history: object
    trace: object
    notes: list


class Cloud:
    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.notes = []
        self.checks = []

    @property
    def now(self):
        return trio.current_time() - self._start

    async def sleep(self, s):
        await trio.sleep(s)

    def note(self, text):
        self.notes.append((self.now, text))

    def check(self, *checks):
        self.checks.extend(checks)


def run_cloud(
    main,
    *,
    seed=0,
    limits=Limits(),
    until=None,
    trace=None,
    sites=False,
    check_timeout=30.0,
    progress=None,
):
    cloud = Cloud(seed)
    try:
        trio.lowlevel.current_root_task()
    except RuntimeError:
        pass
    else:
        raise UsageError("a run cannot start inside another run")
    caught = None
    end = 0.0

    async def root():
        nonlocal caught, end
        cloud._start = trio.current_time()
        try:
            await main(cloud)
        except BaseException as e:
            caught = e
        end = cloud.now

    trio.run(root, clock=MockClock(autojump_threshold=0))
    results = []
    for c in cloud.checks:
        j = c.judge(None, timeout=check_timeout)
        results.append(CheckResult(c.name, j.verdict, j.why))
    verdicts = [r.verdict for r in results]
    v = (
        Verdict.INVALID
        if Verdict.INVALID in verdicts
        else Verdict.UNKNOWN
        if Verdict.UNKNOWN in verdicts or not verdicts
        else Verdict.VALID
    )
    failure = "none" if caught is None else "scenario"
    if isinstance(caught, AssertionError):
        v = Verdict.INVALID
    return Run(
        seed,
        v,
        results,
        str(caught),
        caught,
        failure,
        f"{seed:08x}ff",
        end,
        0.0,
        3,
        0,
        None,
        None,
        cloud.notes,
    )


if not hasattr(minicloud.cloud, "run_cloud"):
    for each in (Cloud, CheckResult, Run, Limits, run_cloud):
        setattr(minicloud.cloud, each.__name__, each)
if not hasattr(minicloud.check, "Verdict"):
    minicloud.check.Verdict = Verdict
