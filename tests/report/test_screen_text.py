"""Text on a terminal: nothing in it is obeyed, and nothing is wider than it may be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicloud.report.screen import WIDTH, cells, clipped, counted, folded, padded, visible

# Characters that make trouble come often; all others come too.
TROUBLE = (
    "\x1b\x9b\x07\x00\n\r\t\x7f\u202e\u200d\u2028\u00ad\ufeff\ud800漢字ｶ👩🚀❤\ufe0fé\u0301\u0e33"
)
NASTY = st.text(st.one_of(st.sampled_from(TROUBLE), st.characters()), max_size=120)


def columns(text):
    """As terminals count, by rules of its own: nothing for marks, two for what is wide."""
    total = 0
    for character in text:
        if unicodedata.category(character) not in {"Mn", "Me"}:
            total += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return total


def assert_printable(text):
    assert text.isprintable(), repr(text)


@given(NASTY)
def test_what_is_visible_has_nothing_that_a_terminal_obeys(text):
    shown = visible(text)
    assert_printable(shown)
    assert visible(shown) == shown
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb", r"a\nb"),
        ("\u202egnp", r"\u202egnp"),
        ("\ud800", r"\ud800"),
        ("å漢👩", "å漢👩"),
    ],
)
def test_what_is_not_printed_is_written_out(text, shown):
    assert visible(text) == shown


@given(NASTY, st.integers(0, 40))
def test_a_clipped_text_fits(text, room):
    shown = clipped(text, room)
    assert_printable(shown)
    assert columns(shown) <= cells(shown) <= room
    if cells(visible(text)) <= room:
        assert shown == visible(text)


@given(NASTY, st.integers(1, 40))
def test_a_padded_text_fills_its_room(text, room):
    assert cells(padded(text, room)) == room


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("漢字", 4), ("e\u0301", 1), ("👩", 2), ("", 0), ("ｶ", 1)]
)
def test_cells_are_columns(text, width):
    assert cells(text) == width


def test_a_tower_of_marks_is_not_free():
    assert cells("a" + "\u0301" * 40) == 9


@given(NASTY, NASTY, st.one_of(st.none(), st.just("    ")))
def test_a_folded_text_fits_and_loses_nothing(first, text, indent):
    lines = folded(visible(first), text, indent=indent)
    assert lines
    for line in lines:
        assert_printable(line)
        assert cells(line) <= WIDTH
    if cells(visible(first)) <= 20:
        told = "".join("".join(lines).split())
        paragraphs = [visible(part.expandtabs()) for part in text.splitlines()]
        assert told == "".join("".join([visible(first), *paragraphs]).split())


def test_words_stay_whole_where_they_can():
    assert folded("  ✔ ", "word " * 30)[0] == "  ✔ " + "word " * 14 + "word"
    (one, two) = folded("", "short " + "x" * WIDTH)
    assert (one, two) == ("short", "x" * WIDTH)


def test_inner_blanks_are_kept():
    assert folded("", "a   b") == ["a   b"]


def test_numbers_and_what_they_count():
    assert [counted(n, "seed") for n in (0, 1, 2, 1000)] == [
        "0 seeds",
        "1 seed",
        "2 seeds",
        "1,000 seeds",
    ]
    assert counted(2, "box", "boxes") == "2 boxes"
