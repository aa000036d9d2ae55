"""The report of every lesson, kept and broken: offline, without a complaint, whole, and light."""

import json

import pytest
from reports import SECTIONS, TWINS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_ELEMENTS = 2_000
OUTLINE = """
[...document.querySelectorAll("section[id]")].map((section) => ({
  id: section.id,
  name: section.getAttribute("aria-label")
    || document.getElementById(section.getAttribute("aria-labelledby"))?.textContent || "",
  words: (section.querySelector(".body") || section).innerText.trim(),
  canvases: section.querySelectorAll("canvas").length,
}))
"""
IDS = """
[...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) < i)
"""


@pytest.mark.parametrize(("name", "variant"), TWINS)
def test_a_report_asks_nobody_complains_of_nothing_and_is_whole(reported, show, name, variant):
    page = show(reported(name, variant))
    page.settle()
    assert page.requests == []
    assert page.complaints == []
    assert page.refused() == []

    sections = {section["id"]: section for section in page.value(OUTLINE)}
    assert tuple(sections) == SECTIONS
    assert [name for name, section in sections.items() if not section["name"]] == []
    assert [name for name, section in sections.items() if not section["words"]] == []
    assert page.value(IDS) == []
    assert page.value("document.getElementsByTagName('*').length") < MOST_ELEMENTS

    said = json.loads((reported(name, variant).parent / "result.json").read_text("utf-8"))
    header = sections["header"]["words"]
    assert said["verdict"].casefold() in header.casefold()
    assert said["digest"][:8] in header
    assert page.value("document.title").casefold().count(name) == 1


@pytest.mark.parametrize(("name", "variant"), TWINS)
def test_what_was_recorded_is_what_the_page_has(reported, show, name, variant):
    """Not a copy of the page's own decoding: the run folder's history counts the operations."""
    page = show(reported(name, variant))
    lines = (reported(name, variant).parent / "history.jsonl").read_text("utf-8").splitlines()
    began = sum(json.loads(line)["type"] == "invoke" for line in lines)
    assert page.value("mc.data.operations.start.length") == began
    assert page.value("mc.data.header.seed") == 0


def test_a_page_without_script_says_so(reported):
    text = reported(*TWINS[0]).read_text("utf-8")
    assert "<noscript>" in text


def test_the_page_is_one_file_that_names_no_place(reported):
    text = reported(*TWINS[0]).read_text("utf-8")
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert "default-src 'none'" in text
    assert not [word for word in (" src=", "<link", "@import", "url(") if word in text]
