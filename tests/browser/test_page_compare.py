"""Two runs side by side: whole, offline and accessible like one, and it says where they part."""

import contextlib
import io
import re

import pytest
from axe_core import grave, judged
from reports import SECTIONS

from minicloud.cli import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "quorum-is-not-linearizable"


@pytest.fixture(scope="module")
def compared(reported, tmp_path_factory):
    """The page of the broken twin beside the whole one, and what the terminal says of them."""
    one, other = (reported(LESSON, variant).parent for variant in ("naive", "write_back"))
    file = tmp_path_factory.mktemp("compared") / "compared.html"
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        main(["report", str(one), str(other), "--output", str(file)])
    return file, said.getvalue()


def test_it_is_whole_and_asks_nobody(compared, show):
    page = show(compared[0])
    page.settle()
    assert (page.requests, page.complaints, page.refused()) == ([], [], [])
    ids = page.value("[...document.querySelectorAll('section[id]')].map((one) => one.id)")
    assert [name for name in SECTIONS if name not in ids] == []
    assert page.value("document.getElementsByTagName('*').length") < 2_000


def test_it_says_where_they_part_as_the_terminal_does(compared, show):
    page = show(compared[0])
    number = page.value("mc.data.other.parting.number")
    assert number > 0
    assert re.search(rf"part at event {number}\b", compared[1])
    words = page.value("document.querySelector('main').innerText")
    assert "write_back" in words
    assert f"{number:,}" in words


def test_axe_finds_nothing_serious_in_it(compared, show, axe):
    for scheme in ("light", "dark"):
        assert grave(judged(show(compared[0], scheme=scheme), axe)) == []
