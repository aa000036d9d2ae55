"""`@pytest.mark.minicloud(crash_points=N)`: a test run again for each point of a power cut."""

import pytest

pytest_plugins = ["pytester"]

JOURNAL = """
import pytest
from minicloud import Node, Request, handle, OutcomeUnknown

class Write(Request[int]):
    value: int

class Journal(Node):
    def __init__(self):
        self.values = [row[0] for row in self.disk.records("journal")]

    @handle
    async def write(self, request: Write) -> int:
        await self.disk.append("journal", request.value)
        if SYNC:
            await self.disk.sync("journal")
        self.values.append(request.value)
        return len(self.values)

@pytest.mark.minicloud(seed=7, crash_points=50)
async def test_journal(cloud):
    with open("seeds.txt", "a") as log:
        log.write(f"{cloud.seed}\\n")
    host, alice = cloud.node("journal", Journal), cloud.client("alice")
    told = []
    for value in range(3):
        try:
            await alice.call(host, Write(value), timeout=0.5)
        except OutcomeUnknown:
            continue
        told.append(value)
    await cloud.sleep(2)
    lost = [value for value in told if value not in host.peek.values]
    assert not lost, f"acknowledged and lost: {lost}"
"""


@pytest.fixture(autouse=True)
def unguarded(project):
    project.ini("minicloud_guard = off")


def test_a_test_runs_once_for_each_crash_point(project):
    project.test(JOURNAL.replace("SYNC", "True")).assert_outcomes(passed=1)
    # Once as it is, once more to count, and once for each of three syncs and three replies.
    assert project.seeds() == [7] * 8


def test_the_point_that_convicts_is_told(project):
    result = project.test(JOURNAL.replace("SYNC", "False"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*acknowledged and lost: [[]0]*", "note *journal lost power before reply Write, number 2*"]
    )


@pytest.mark.parametrize(
    ("mark", "told"), [("crash_points=0", "of at least 1"), ("guard='no'", "guard takes")]
)
def test_a_wrong_marker_is_one_sentence(project, mark, told):
    result = project.test(JOURNAL.replace("seed=7, crash_points=50", mark))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*@pytest.mark.minicloud({mark.replace('[', '[[]')}): *{told}*"])
