"""Behind every picture is a table that says the same, to keys and to a voice as well."""

import json

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DRAWN = ("spacetime", "operations", "performance", "network")
OPEN = """
(async (id) => {
  const made = [...document.querySelectorAll(`#${id} details.twin`)];
  made.forEach((one) => { one.open = true; });
  await new Promise((go) => setTimeout(go, 60));
  return made.map((one) => {
    const table = one.querySelector("table");
    return {
      caption: one.querySelector("summary").textContent,
      name: table.getAttribute("aria-label"),
      count: Number(table.getAttribute("aria-rowcount")) - 1,
      heads: [...table.querySelectorAll("th")].map((cell) => cell.textContent),
      rows: [...table.querySelectorAll("tbody tr:not([aria-hidden])")].map(
        (row) => [...row.cells].map((cell) => cell.textContent)),
    };
  });
})
"""


@pytest.fixture
def page(reported, show):
    return show(reported("quorum-is-not-linearizable", "naive"), still=True)


def tables(page, section):
    return page.value(f"{OPEN}({json.dumps(section)})")


@pytest.mark.parametrize("section", DRAWN)
def test_a_section_that_draws_has_a_table_with_rows(page, section):
    assert page.value(f"document.querySelectorAll('#{section} canvas').length") > 0
    found = tables(page, section)
    assert found
    for table in found:
        assert table["name"]
        assert table["count"] > 0, table["caption"]
        assert table["rows"], table["caption"]
        assert all(len(row) == len(table["heads"]) for row in table["rows"])
        assert all(head.strip() for head in table["heads"])
        assert any(cell.strip() for row in table["rows"] for cell in row)


def test_every_picture_has_a_name(page):
    names = page.value("[...document.querySelectorAll('canvas')].map((c) => [c.role, c.ariaLabel])")
    assert len(names) > 5
    assert all(role == "img" and len(name) > 8 for role, name in names)
    assert len({name for _, name in names}) == len(names)


def test_the_table_of_events_has_them_all_and_only_some_as_elements(page):
    (events,) = tables(page, "spacetime")
    assert events["count"] == page.value("mc.data.events.t.length") > 1_000
    assert len(events["rows"]) < 80


def test_the_table_of_operations_says_what_the_history_says(page, reported):
    (operations,) = tables(page, "operations")
    file = reported("quorum-is-not-linearizable", "naive").parent / "history.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert operations["count"] == sum(line["type"] == "invoke" for line in lines)
    words = " ".join(" ".join(row) for row in operations["rows"])
    assert "wally" in words
    assert "unknown" in words


def test_a_table_is_walked_with_the_keys(page):
    tables(page, "spacetime")
    page.value("document.querySelector('#spacetime details.twin table').focus()")
    page.press("ArrowDown", "ArrowDown", "ArrowDown", "Enter")
    chosen = page.value("mc.selection()")
    assert chosen
    page.press("End")
    last = page.value("""(() => { const t = document.querySelector('#spacetime details.twin table');
      return document.getElementById(t.getAttribute('aria-activedescendant')).ariaRowIndex; })()""")
    assert int(last) == page.value("mc.data.events.t.length") + 1
    page.press("Enter")
    assert page.value("mc.selection()") != chosen


def test_changes_are_said_aloud(page):
    live = "document.getElementById('live').textContent"
    page.press("j")
    assert page.value(live)
    assert page.value("document.getElementById('live').getAttribute('aria-live')") == "polite"
