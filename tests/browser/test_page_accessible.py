"""axe-core finds nothing serious in a report, in light and in dark, at rest and in use."""

import pytest
from axe_core import grave, judged
from reports import TWINS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

THEMES = ("light", "dark")


def shown(found):
    return "\n".join(
        f"{one['rule']} ({one['impact']}): {one['help']} {one['where']}" for one in found
    )


@pytest.mark.parametrize(("name", "variant"), TWINS)
def test_axe_finds_nothing_serious(reported, show, axe, name, variant):
    page = show(reported(name, variant), still=True)  # colours that still fade are no colours
    found = {}
    for scheme in THEMES:
        page.prefer(scheme=scheme, still=True)
        page.settle()
        assert page.value("mc.dark()") is (scheme == "dark")
        found[scheme] = shown(grave(judged(page, axe)))
    assert found == dict.fromkeys(THEMES, "")


@pytest.mark.parametrize("scheme", THEMES)
def test_axe_finds_nothing_serious_in_what_opens(reported, show, axe, scheme):
    """All tables out, a search with its finds, and help over it."""
    page = show(reported("double-charge", "naive"), "#q=type:drop", scheme=scheme)
    page.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = grave(judged(page, axe))
    assert not found, shown(found)
    page.press("?")
    found = grave(judged(page, axe))
    assert not found, shown(found)
