"""One browser for all tests of a worker, and one report for each lesson's variant."""

import axe_core
import pytest
from reports import report

from bench.chrome import NoBrowser, chrome

READY = "window.mc && mc.ready && mc.ready.then(() => true)"


@pytest.fixture(scope="session")
def browser():
    try:
        with chrome() as running:
            yield running
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def axe():
    return axe_core.script() or pytest.skip(axe_core.ABSENT)


@pytest.fixture(scope="session")
def reported(tmp_path_factory):
    """Gives the report of a lesson's variant, made once."""
    made = {}

    def of(target, variant=None, *words):
        words = (*(("--variant", variant) if variant else ()), *words)
        if (target, words) not in made:
            made[target, words] = report(target, tmp_path_factory.mktemp("runs"), *words)
        return made[target, words]

    return of


@pytest.fixture
def show(browser):
    """Opens reports, and closes them at the end."""
    pages = []

    def opened(file, fragment="", *, ready=READY, **options):
        page = browser.page(**options)
        pages.append(page)
        page.open(file, fragment, ready=ready)
        return page

    yield opened
    for page in pages:
        page.close()
