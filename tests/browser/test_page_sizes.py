"""A long run is a page like others: no larger than promised, and it moves.

How fast is for the benchmark to say, `python -m bench.page`; a busy machine keeps these bounds too.
"""

import json
from pathlib import Path

import pytest

from bench import page as bench_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_BYTES = {"1k": 600_000, "10k": 700_000, "100k": 2_000_000}
EVENTS = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
MOST_ELEMENTS = 2_000


@pytest.mark.parametrize("size", bench_page.SIZES)
def test_a_page_of_that_size_is_light_and_moves(browser, tmp_path, size):
    row = bench_page.measured(browser, size, tmp_path)
    assert row["events"] == pytest.approx(EVENTS[size], rel=0.15)
    assert row["html_bytes"] <= MOST_BYTES[size]
    assert row["elements"] < MOST_ELEMENTS
    assert row["load_ms"] < 15_000
    assert row["frame_p50_ms"] < 200
    assert row["frame_p95_ms"] < 500
    assert row["complaints"] == []


def test_a_run_that_is_too_long_says_what_it_left_out_and_shows_what_matters(reported, show):
    file = reported("cap-in-one-picture", None, "--set", "cut_s=350")
    page = show(file)
    assert file.stat().st_size <= MOST_BYTES["100k"] * 1.02
    assert page.value("mc.data.events.t.length") <= 110_000
    notice = page.value("document.getElementById('header').innerText")
    assert "events are shown" in notice
    assert "minicloud report" in notice
    evidence = page.value("mc.data.checks.flatMap((one) => one.evidence || [])")
    assert evidence
    assert page.value("mc.data.operations.start.length") > max(evidence)
    assert page.complaints == []


def test_the_benchmark_prints_one_object_or_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(bench_page, "FRAMES", 20)
    monkeypatch.setattr(bench_page, "PASSES", 1)
    assert bench_page.main(["--json", "--only", "1k"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"sizes", "browser", "python"}
    (row,) = said["sizes"].values()
    assert row["html_bytes"] > 10_000
    assert row["build_s"] >= 0

    monkeypatch.setenv("MINICLOUD_CHROMIUM", "/nowhere")
    assert bench_page.main(["--only", "1k"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_it_can_be_left_for_a_look(browser, tmp_path):
    bench_page.measured(browser, "1k", tmp_path)
    (page,) = Path(tmp_path).glob("1k/*/*/report.html")
    assert page.stat().st_size > 10_000
