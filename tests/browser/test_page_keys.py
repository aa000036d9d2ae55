"""Every key does what the help says, on a small run whose events can be counted by hand."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHOSEN = "mc.selection().event ?? -1"


@pytest.fixture
def page(reported, show):
    """Reduced motion, so that a view is where it goes to at once."""
    page = show(reported("double-charge", "naive"), still=True)
    page.settle()
    return page


def times(page, expression):
    return page.value(f"Array.from({expression})")


def test_j_and_k_step_through_events(page):
    page.value("mc.setCursor(0); mc.select({})")
    page.press("j")
    first = page.value(CHOSEN)
    page.press("j", "j")
    assert page.value(CHOSEN) == first + 2
    assert page.value("mc.cursor()") == page.value(f"mc.data.events.t[{first + 2}]")
    page.press("k")
    assert page.value(CHOSEN) == first + 1


def test_neither_end_can_be_stepped_over(page):
    last = page.value("mc.data.events.t.length") - 1
    page.value(f"mc.goTo({last})")
    page.press("j", "j")
    assert page.value(CHOSEN) == last
    page.value("mc.goTo(0)")
    page.press("k")
    assert page.value(CHOSEN) == 0


def test_brackets_step_through_begins_and_ends_of_faults(page):
    faults = page.value("mc.data.faults.map((one) => [one.begin, one.end ?? mc.data.end])")
    ends = sorted({t for fault in faults for t in fault})
    assert len(ends) >= 4
    page.value("mc.setCursor(-1)")
    page.press("[")
    went = [page.value("mc.cursor()")]
    for _ in ends:
        page.press("]")
        went.append(page.value("mc.cursor()"))
    assert [t for t in ends if t not in went] == []
    assert went == sorted(went)
    page.press("[")
    assert page.value("mc.cursor()") == ends[-2]


def test_n_and_p_go_to_what_a_check_convicted(reported, show):
    page = show(reported("quorum-is-not-linearizable", "naive"), still=True)
    evidence = page.value("mc.data.checks.flatMap((one) => one.evidence || [])")
    assert evidence
    page.value("mc.setCursor(0); mc.select({})")
    met = []
    for _ in evidence:
        page.press("n")
        met.append(page.value("mc.selection().operation ?? -1"))
    assert set(met) & set(evidence)
    there = page.value("mc.cursor()")
    page.press("n")
    page.press("p")
    assert page.value("mc.cursor()") == there
    low, high = page.value("mc.range()")
    assert low <= there <= high


def test_n_goes_to_a_promise_that_was_broken_at_a_time(page):
    page.value("mc.setCursor(0); mc.select({})")
    page.press("n")
    broken = page.value("mc.data.moments.filter((one) => one.kind === 'violation').map((m) => m.t)")
    assert page.value("mc.cursor()") in broken


def test_arrows_and_signs_move_the_view(page):
    page.press("+")
    low, high = page.value("mc.range()")
    page.press("+")
    inner = page.value("mc.range()")
    assert inner[1] - inner[0] < high - low
    page.press("ArrowRight")
    later = page.value("mc.range()")
    assert later[0] > inner[0]
    assert later[1] - later[0] == pytest.approx(inner[1] - inner[0])
    page.press("ArrowLeft", "ArrowLeft")
    assert page.value("mc.range()[0]") < later[0]
    page.press("-", "-", "-")
    page.press("0")
    whole = page.value("mc.range()")
    assert whole[0] <= 0
    assert whole[1] >= page.value("mc.data.end")


def test_letters_switch_what_is_drawn(page):
    for key, option in (("l", "logical"), ("c", "cone"), ("h", "quiet")):
        before = page.value(f"Boolean(mc.opts.{option})")
        page.press(key)
        assert page.value(f"Boolean(mc.opts.{option})") is not before
        page.press(key)
        assert page.value(f"Boolean(mc.opts.{option})") is before


def test_t_turns_the_page_dark_and_back(page):
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.value(colour)
    page.press("t")
    assert page.value("document.documentElement.classList.contains('dark')")
    assert page.value("mc.dark()")
    assert page.value(colour) != light
    page.press("t")
    assert page.value(colour) == light


def test_a_reader_who_prefers_dark_gets_it(reported, show):
    page = show(reported("double-charge", "naive"), scheme="dark")
    assert page.value("mc.dark()")
    page.prefer(scheme="light")
    page.settle()
    assert not page.value("mc.dark()")


def test_a_question_mark_lists_the_keys_and_escape_closes_it(page):
    page.press("?")
    assert page.value("document.querySelector('dialog[open]').textContent.includes('search')")
    before = page.value(CHOSEN)
    page.press("j")
    assert page.value(CHOSEN) == before, "keys belong to the dialog while it is open"
    page.press("Escape")
    assert page.value("document.querySelector('dialog[open]')") is None


def test_escape_chooses_nothing(page):
    page.press("j")
    assert page.value(CHOSEN) >= 0
    page.press("Escape")
    assert page.value("Object.keys(mc.selection())") == []


def test_f_follows_the_chosen_request(page):
    """Every message of the operation is in sight afterwards."""
    page.value("mc.select({operation: 3}); mc.setCursor(mc.data.operations.start[3])")
    page.press("f")
    low, high = page.value("mc.range()")
    sent = page.value("""Array.from(mc.data.messages.sent).filter(
        (t, i) => mc.data.messages.op[i] === 3)""")
    assert sent
    assert all(low <= t <= high for t in sent)


def test_keys_in_a_field_or_with_control_are_not_ours(page):
    before = page.value(CHOSEN)
    page.press("/")
    assert page.value("document.activeElement.id") == "search"
    page.press("j", "n", "t")
    assert page.value("document.activeElement.value") == "jnt"
    assert page.value(CHOSEN) == before
    assert not page.value("mc.dark()")


def test_everything_can_be_reached_with_tab_alone(page):
    """Tab goes through the whole page, shows where it is, and is caught nowhere."""
    page.value("document.activeElement.blur(); window.scrollTo(0, 0)")
    met, unseen = [], []
    for _ in range(400):
        page.press("Tab")
        at = page.value("""(() => { const e = document.activeElement;
          if (!e || e === document.body) return null;
          const style = getComputedStyle(e), box = e.getBoundingClientRect();
          const seen = style.outlineStyle !== "none" || style.boxShadow !== "none";
          return [e.tagName, e.closest("section, #bar")?.id || "", e.textContent.slice(0, 20),
                  seen, box.width * box.height > 0]; })()""")
        if at is None:
            break
        met.append(at[1])
        if not (at[3] and at[4]):
            unseen.append(at)
    else:
        pytest.fail("tab never came to the end of the page")
    assert {"header", "bar", "story", "spacetime", "operations"} <= set(met)
    assert unseen == []
