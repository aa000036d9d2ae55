"""What the data models' tests under faults share: accounts of what was written, and verdicts."""

from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.errors import CallError, Refused


class Account:
    """What one writer knows of its own field, or row, of one thing: the last value that is surely
    written, and those that may be."""

    def __init__(self):
        self.sure, self.perhaps, self.number = None, [], 0

    async def write(self, do):
        self.number += 1
        number = self.number
        try:
            told = await do(number)
        except Refused:
            return
        except CallError:
            self.perhaps.append(number)
            return
        if told is not None:
            self.sure, self.perhaps = number, []

    def allows(self, found):
        return found == self.sure or found in self.perhaps


def run_of(main, seed):
    run = run_cloud(main, seed=seed)
    if run.exception is not None:
        raise run.exception
    return run


def convictions(runs):
    """Check → seeds that it convicted at."""
    found = {}
    for seed, run in runs:
        for check in run.checks:
            if check.verdict is not Verdict.VALID:
                found.setdefault(check.name, []).append(seed)
    return found
