"""What a terminal is told of a run fits in it, whatever things are called."""

from hypothesis import given
from hypothesis import strategies as st
from test_clash import BANDS, windows
from test_screen_text import NASTY, assert_printable

from minicloud.check import History
from minicloud.report.screen import WIDTH, cells, window_of
from minicloud.report.screen.window import Window
from minicloud.report.strips import strips
from minicloud.report.summary import summary
from minicloud.report.sweeps import failing_line
from minicloud.scenario.api import scenario
from minicloud.scenario.result import CheckLine, CycleLine, Result

VERDICTS = st.sampled_from(("valid", "invalid", "unknown"))
CHECKS = st.lists(
    st.builds(
        CheckLine,
        name=NASTY,
        verdict=VERDICTS,
        detail=NASTY,
        cycle=st.lists(st.builds(CycleLine, before=NASTY, after=NASTY, kind=NASTY, why=NASTY)),
    ),
    max_size=3,
)
RESULTS = st.builds(
    Result,
    scenario=NASTY,
    variant=st.one_of(st.none(), NASTY),
    seed=st.integers(0, 2**31),
    params=st.just({}),
    verdict=st.one_of(st.none(), VERDICTS),
    checks=CHECKS,
    error=st.one_of(st.none(), NASTY),
    virtual_s=st.integers(0, 10**15).map(lambda ns: ns / 1e9),
    wall_s=st.floats(0, 1e4),
    events=st.integers(0, 10**9),
    knobs=st.dictionaries(NASTY, st.one_of(NASTY, st.integers()), max_size=3),
)


@scenario
async def lesson(cloud):
    """A lesson."""


class Told(History):
    """A history of given operations."""

    def __init__(self, operations):
        super().__init__()
        self.given = operations

    def operations(self):
        return self.given


def fits(lines):
    for line in lines:
        assert_printable(line)
        assert cells(line) <= WIDTH, line


@given(RESULTS, windows(), BANDS, st.lists(st.tuples(st.floats(0, 1e5), NASTY), max_size=12))
def test_the_summary_fits(result, operations, bands, notes):
    history = Told(operations)
    window = window_of(result, history, bands)
    picture = strips(history, bands, result.virtual_s)
    fits(summary(result, lesson.case(), notes, picture, window))
    fits([failing_line(result)])


def result_with(*checks):
    return Result(scenario="s", variant=None, seed=0, params={}, checks=list(checks))


def window_for(operations, *checks):
    return window_of(result_with(*checks), Told(operations))


@given(windows())
def test_the_first_check_that_convicts_is_shown_and_a_claim_only_for_want_of_one(operations):
    first = operations[0].start
    claim = CheckLine("violates(a)", "valid", "", evidence=[first])
    convicts = CheckLine("b", "invalid", "", evidence=[first])
    late = CheckLine("c", "invalid", "", evidence=[first])
    held = CheckLine("d", "invalid", "")
    assert window_for(operations, claim, held, convicts, late).check is convicts
    assert window_for(operations, held, claim).check is claim
    assert window_for(operations, held) is None


def test_a_cycle_is_told_edge_by_edge():
    edges = [CycleLine(f"t:{n}", f"t:{n + 1}", "ww", "overwrote it") for n in range(8)]
    found = window_for([], CheckLine("serializable", "invalid", "", cycle=edges))
    assert isinstance(found, Window)
    assert found.lines[0] == "    t:0 → t:1  ww: overwrote it"
    assert found.lines[-1] == "    … and 2 more edges"
