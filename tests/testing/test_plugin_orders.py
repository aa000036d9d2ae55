"""Options of the marker that choose the order of tasks and messages, or all of them."""

import pytest

pytest_plugins = ["pytester"]

RACE = """
import pytest
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Message
from minicloud.node.node import Node

class Note(Message, service="t"):
    n: int

class Hub(Node):
    def __init__(self): self.heard = []

    @handle
    def note(self, note: Note) -> None: self.heard.append(note.n)

@pytest.mark.minicloud({options})
async def test_x(cloud):
    hub = cloud.node("hub", Hub)
    for n in range({messages}):
        cloud.client(f"c{{n}}").send("hub", Note(n))
        await cloud.sleep({apart})
    await cloud.until(lambda: len(hub.peek.heard) == {messages})
    with open(__file__ + ".log", "a") as file:
        print(*hub.peek.heard, file=file)
    {judge}
"""
IN_ORDER = "assert hub.peek.heard == sorted(hub.peek.heard)"


def race(options, *, messages=3, apart=0.1, judge="pass"):
    return RACE.format(options=options, messages=messages, apart=apart, judge=judge)


def heard(project):
    return project.path.joinpath("test_it.py.log").read_text().splitlines()


def test_an_exhaustive_test_meets_every_order(project):
    project.write(race("exhaustive=9", apart=0))
    project.run().assert_outcomes(passed=1)
    assert {*heard(project)} == {"0 1 2", "0 2 1", "1 0 2", "1 2 0", "2 0 1", "2 1 0"}


def test_an_exhaustive_test_tells_which_order_broke_it(project):
    project.write(race("seed=7", judge=IN_ORDER))
    project.run().assert_outcomes(passed=1)
    project.write(race("seed=7, exhaustive=1", judge=IN_ORDER))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*assert *", "seed 7: *", "order    at 0*s: *, before t.Note c*:1 from c* reaches hub"]
    )
    assert len(heard(project)) > 1


def test_an_order_is_that_of_every_run(project):
    project.write(race("order='pct', seeds=2"))
    project.run().assert_outcomes(passed=1)
    assert len(heard(project)) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("exhaustive=-1", "exhaustive takes a whole number of at least 0"),
        ("order='pcd'", "(order='pcd'): There is no order 'pcd'; did you mean 'pct'?"),
        ("exhaustive=1, order='pct'", "exhaustive runs every order; leave order='pct:3' out"),
    ],
)
def test_a_wrong_option_is_told_in_a_sentence(project, options, sentence):
    project.write(race(options))
    result = project.run()
    assert sentence in str(result.stdout) + str(result.stderr)
    assert result.ret != 0
