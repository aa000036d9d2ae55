"""The notation of Jepsen's histories, read strictly."""

import pytest

from minicloud.check.formats import EdnError, Keyword, Tagged, forms


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("7N", 7),
        ("1.5", 1.5),
        ("2e3", 2000.0),
        ("3.0M", 3.0),
        (":a/b", Keyword("a/b")),
        ('"a\\n\\"b\\u0041"', 'a\n"bA'),
        ("\\a", "a"),
        ("\\newline", "\n"),
        ("\\u0041", "A"),
        ("#{1 2}", (1, 2)),
        ("#[:n3 :n4]", (Keyword("n3"), Keyword("n4"))),
        ("{:a [1 (2)], 3 #{}}", {Keyword("a"): [1, [2]], 3: ()}),
        ('#inst "2015"', Tagged("inst", "2015")),
        ("#a.B{:c 1}", {Keyword("c"): 1}),
        ("#_ :ignored 5", 5),
    ],
)
def test_edn_values(text, value):
    [(line, read)] = forms(text + " ; comment")
    assert (line, read) == (1, value)
    assert type(read) is type(value)


def test_edn_knows_lines():
    assert list(forms("[1\n\n 2 #_ 3\n {:a\n 4}]\n")) == [(1, 1), (3, 2), (4, {Keyword("a"): 4})]


@pytest.mark.parametrize(
    "text", ["{1}", "]", '"a', "#{[1 {2 3}]}", '"\\q"', "\\", "1/2", "+", "[1 2", "#tag"]
)
def test_edn_that_is_none(text):
    with pytest.raises(EdnError):
        list(forms(text))


def test_keywords_are_no_strings():
    assert Keyword("a") != "a"
    assert str(Keyword("a")) == ":a"
