"""Small words: one seed and two, options by their names, and no more lines than anybody reads."""

import json

import pytest

from minicloud.report.screen import WIDTH


def test_one_is_one(cli):
    said = cli("sweep", "by_seed", "--seeds", "0..0", "--jobs", "1")
    assert "1 seed in" in said.out
    assert "1 job)" in said.out
    assert "\n1 variant, 1 not as stated" in cli("verify", "unsure", "--jobs", "1").out
    assert "2 variants, none not as stated" in cli("verify", "twins", "--jobs", "1").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "twins", "--order", "pcd"), "--order pcd: there is no such order; did you mean"),
        (("run", "twins", "--order", "fifo:2"), "--order fifo:2: fifo takes no number; write"),
        (("run", "twins", "--guard", "maybe"), "--guard maybe: write error, virtual, off"),
        (("sweep", "twins", "--order", "x"), "--order x: there is no such order; write random,"),
        (("sweep", "twins", "--guard", "x"), "--guard x: write error, virtual, off"),
        (("shrink", "twins", "--order", "pct:0"), "--order pct:0: write 'pct:3' for bugs"),
        (("crash-points", "twins", "--order", "x"), "--order x: there is no such order"),
    ],
)
def test_a_wrong_order_or_guard_is_named_by_its_option(cli, words, sentence):
    said = cli(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"minicloud: {sentence}"), said.err


def test_a_sweep_tells_of_twenty_seeds_and_counts_the_rest(cli, here):
    (here / "scenarios" / "bad.py").write_text(
        (here / "scenarios" / "unsure.py").read_text().replace("unsure", "bad")
    )
    said = cli("sweep", "bad", "--seeds", "40", "--jobs", "1")
    lines = said.out.splitlines()
    told = [line for line in lines if line.startswith("? seed")]
    assert len(told) == 20
    assert "… and 20 more seeds that did not hold: --json has them all" in lines
    whole = cli("sweep", "bad", "--seeds", "40", "--jobs", "1", "--json").out.splitlines()
    assert len([line for line in whole if "seed" in json.loads(line)]) == 40
    few = cli("sweep", "bad", "--seeds", "20", "--jobs", "1").out
    assert "more seed" not in few


def test_the_window_stands_below_the_check_that_convicts(cli):
    said = cli("run", "quorum-is-not-linearizable", "--variant", "naive")
    lines = said.out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("  ✖ linearizable"))
    verdict = next(n for n, line in enumerate(lines) if line.startswith("INVALID"))
    window = "\n".join(lines[first:verdict])
    for client in ("wally", "carol", "dave"):
        assert f"\n    {client}" in window
    assert "├" in window
    assert "▷" in window
    assert "ok → 2" in window
    assert max(map(len, lines[:verdict])) <= WIDTH
    assert any(line.split()[:3] == ["ok", "refused", "unknown"] for line in lines)


def test_check_shows_the_window_of_a_file(cli):
    cli("run", "quorum-is-not-linearizable", "--variant", "naive", "--no-report")
    said = cli("check", "latest")
    assert said.code == 1
    assert "    carol" in said.out
    assert "├" in said.out
    (line,) = cli("check", "latest", "--json").out.splitlines()
    assert "evidence" not in json.loads(line)
