"""Search, jump links and permalinks: what is asked for is what is shown."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOUND = "mc.matches ? Array.from(mc.matches.rows) : null"
ROWS = """
Array.from(mc.data.events.t, (t, row) => ({
  row, t, type: mc.data.events.type[row], lane: mc.data.lanes[mc.data.events.lane[row]]?.name,
  ref: mc.data.events.ref[row],
}))
"""


@pytest.fixture
def page(reported, show):
    page = show(reported("double-charge", "naive"), still=True)
    page.settle()
    return page


def search(page, query):
    """Type a query as a reader does; the rows that are found."""
    page.press("Escape", "/")
    page.value("document.activeElement.value = ''")
    page.write(query)
    page.until(lambda: page.value("mc.query") == query, f"the search for {query}")
    return page.value(FOUND)


def test_a_search_by_type_finds_just_these(page):
    rows = page.value(ROWS)
    assert search(page, "type:drop") == [r["row"] for r in rows if r["type"] == 2]
    assert search(page, "type:crash") == [r["row"] for r in rows if r["type"] == 5]
    assert len(search(page, "type:drop")) > 1


def test_words_and_fields_must_all_hold(page):
    drops = search(page, "type:drop")
    lost = search(page, "type:drop fate:loss")
    ours = search(page, "type:drop op:shop:1")
    assert set(lost) < set(drops)
    assert lost
    assert set(ours) < set(drops)
    assert ours
    assert search(page, "type:drop fate:loss op:shop:1 nowhere") == []


def test_a_search_by_key_finds_the_messages_of_its_operations(page):
    rows = search(page, "key:order")
    assert rows == [], "a key is matched as a whole"
    found = search(page, "op:shop:1")
    assert {r["lane"] for r in page.value(ROWS) if r["row"] in found} == {"shop", "bank"}


def test_enter_and_j_step_through_what_was_found(page):
    found = search(page, "type:drop")
    page.value("mc.setCursor(0); mc.select({})")
    page.press("Enter")
    page.value("document.activeElement.blur()")
    page.press("j")
    assert page.value("mc.selection().event") == found[1]
    page.press("k")
    assert page.value("mc.selection().event") == found[0]
    page.press("Escape")
    assert page.value(FOUND) is None


def test_what_is_not_there_is_said(page):
    assert search(page, "unheard-of") == []
    said = page.value("document.getElementById('bar').innerText")
    assert "Nothing found" in said


def test_each_moment_of_the_story_has_a_way_to_its_picture(page):
    moments = page.value("mc.data.moments.map((one) => one.t)")
    assert len(moments) >= 5
    links = page.value("document.querySelectorAll('#story li button, #story li a').length")
    assert links >= len(moments)
    for place, t in enumerate(moments[:5], 1):
        page.click(f"#story li:nth-child({place}) button")
        assert page.value("mc.cursor()") == t
        low, high = page.value("mc.range()")
        assert low <= t <= high


def test_a_check_shows_its_evidence(reported, show):
    page = show(reported("quorum-is-not-linearizable", "naive"), still=True)
    evidence = page.value("mc.data.checks.find((one) => one.verdict === 'invalid').evidence")
    page.click("#header .checks button")
    assert page.value("mc.selection().operation") in evidence
    low, high = page.value("mc.range()")
    starts = page.value(f"{evidence}.map((op) => mc.data.operations.start[op])")
    assert all(low <= t <= high for t in starts)


def test_a_link_to_an_event_shows_it(reported, show, page):
    number, t = page.value("[mc.data.events.number[40], mc.data.events.t[40]]")
    there = show(reported("double-charge", "naive"), f"#e={number}", still=True)
    assert there.value("mc.selection().event") == 40
    assert there.value("mc.cursor()") == t
    low, high = there.value("mc.range()")
    assert low <= t <= high
    assert high - low < page.value("mc.data.end") / 2


def test_a_link_to_an_operation_shows_it(reported, show):
    there = show(reported("double-charge", "naive"), "#o=shop:3", still=True)
    row = there.value("mc.selection().operation")
    assert there.value(f"mc.text(mc.data.operations.name[{row}])") == "shop:3"


def test_whoever_opens_the_link_sees_the_same_view(reported, show, page):
    search(page, "type:drop fate:loss")
    page.value("document.activeElement.blur()")
    page.press("j", "l")
    page.value("mc.setRange(1e9, 3e9)")
    page.until(lambda: "r=1-3" in page.value("location.hash"), "the address")
    state = "[mc.cursor(), mc.range(), mc.selection(), mc.query, mc.opts.logical]"
    other = show(reported("double-charge", "naive"), page.value("location.hash"), still=True)
    other.settle()
    assert other.value(state) == page.value(state)


def test_a_changed_address_is_followed(page):
    page.value("location.hash = '#t=2.5&q=type:crash'")
    page.until(lambda: page.value("mc.query") == "type:crash", "the search of the address")
    assert page.value("mc.cursor()") == 2.5e9


@pytest.mark.parametrize(
    "fragment", ["#t=x", "#e=999999", "#e=-1", "#r=9-1", "#o=nobody", "#%", "#t=1e99", "#r=5-5"]
)
def test_a_link_that_makes_no_sense_does_no_harm(reported, show, fragment):
    page = show(reported("double-charge", "naive"), fragment)
    page.settle()
    assert page.complaints == []
    low, high = page.value("mc.range()")
    assert low < high
    assert 0 <= page.value("mc.cursor()") <= page.value("mc.data.end")


def test_a_drag_pans_and_a_wheel_zooms(page):
    page.value("mc.setRange(1e9, 3e9)")
    x, y = page.middle("#spacetime canvas")
    page.mouse("mousePressed", x, y, button="left", clickCount=1)
    page.mouse("mouseMoved", x - 50, y, button="left", buttons=1)
    page.mouse("mouseMoved", x - 100, y, button="left", buttons=1)
    page.mouse("mouseReleased", x - 100, y, button="left", clickCount=1)
    low, high = page.value("mc.range()")
    assert low > 1.05e9
    assert high - low == pytest.approx(2e9)
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100, modifiers=2)
    page.settle()
    low, high = page.value("mc.range()")
    assert high - low < 2e9


def test_a_click_on_an_event_chooses_it(page):
    """Found with the eye's means: the pixel of its time, on its lane."""
    page.value("mc.setRange(0, 0.02e9)")
    page.settle()
    before = page.value("Object.keys(mc.selection()).length")
    x, y = page.middle("#spacetime canvas")
    width = page.value("document.querySelector('#spacetime canvas').clientWidth")
    left = page.value("document.querySelector('#spacetime canvas').getBoundingClientRect().left")
    top = page.value("document.querySelector('#spacetime canvas').getBoundingClientRect().top")
    px = page.value(f"mc.x(mc.data.events.t[0], {width})")
    height = page.value("document.querySelector('#spacetime canvas').clientHeight")
    for line in range(int(top), int(top + height), 6):
        for kind in ("mousePressed", "mouseReleased"):
            page.mouse(kind, left + px, line, button="left", clickCount=1)
        page.settle()
        if page.value("mc.selection().event ?? mc.selection().operation ?? -1") >= 0:
            return
    pytest.fail(f"nothing could be chosen; before: {before}, around {x}, {y}")
