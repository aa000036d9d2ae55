"""`report A B`: the page of two runs goes where nothing else is lost, and says where they part."""

import re
from pathlib import Path

import pytest

LESSON = "quorum-is-not-linearizable"


@pytest.fixture
def two(cli):
    """The command line, and the digests of two runs."""
    for words in ([], ["--variant", "naive"]):
        assert cli("run", LESSON, "--no-report", *words).code in (0, 1)
    names = [path.name.partition("-")[2] for path in Path("runs", LESSON).iterdir()]
    return cli, sorted(names)


def test_the_page_goes_beside_the_runs_and_the_lines_say_where_they_part(two):
    cli, (one, other) = two
    said = cli("report", one, other)
    page = Path("runs", f"compare-{one}-{other}.html")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == f"  picture  {page.as_posix()}"
    assert "differ in" in said.out
    text = page.read_text()
    assert re.findall(r'<script id="(run[a-z-]*)"', text) == ["run", "run-other"]
    before = page.read_bytes()
    assert cli("report", one, other).code == 0
    assert page.read_bytes() == before
    assert len(list(Path("runs").glob("*.html"))) == 1


def test_no_other_file_is_replaced(two):
    cli, (one, other) = two
    mine = Path("runs", f"compare-{one}-{other}.html")
    mine.write_text("mine")
    said = cli("report", one, other)
    assert said.out.splitlines()[-1].endswith(f"compare-{one}-{other}-2.html")
    assert mine.read_text() == "mine"
    there = Path("there.html")
    there.write_text("mine too")
    said = cli("report", one, other, "--output", "there.html")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "minicloud: --output there.html: that is there already; name a file that is not\n"
    )
    assert there.read_text() == "mine too"
    assert cli("report", one, other, "--output", "new.html").code == 0
    assert Path("new.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--output", "nowhere/new.html"), "nowhere/new.html cannot be written: No such file"),
        (("--all",), "report A B shows both runs whole"),
    ],
)
def test_wrong_usage_is_one_sentence_and_leaves_nothing(two, words, sentence):
    cli, (one, other) = two
    said = cli("report", one, other, *words)
    assert said.code == 2
    assert sentence in said.err
    assert not list(Path().rglob("*.html"))
    assert not list(Path().rglob("*.part"))


def test_output_is_for_two(two):
    cli, (one, _) = two
    said = cli("report", one, "--output", "x.html")
    assert said.code == 2
    assert "--output is for two runs" in said.err
