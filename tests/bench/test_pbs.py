"""Staleness of partial quorums: the bench prints what it promises, and it is what WARS says."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bench import pbs, pbs_trials
from bench.pbs_trials import MODELS, N, store_of, trials
from minicloud.cloud import Limits, run_cloud

ROOT = Path(__file__).resolve().parents[2]
MS = 1e6
"""Nanoseconds."""


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "bench.pbs", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


# The WARS model once more, straight from the paper: no engine, no network, another generator.


def pareto(rng, least, shape):
    return least * (1 - rng.random()) ** (-1 / shape)


def ssd(rng):
    return pareto(rng, 0.235, 10) if rng.random() < 0.9122 else rng.expovariate(1.66)


def disk(rng):
    return pareto(rng, 1.05, 1.51) if rng.random() < 0.38 else rng.expovariate(0.183)


def ymmr_write(rng):
    return pareto(rng, 3, 3.35) if rng.random() < 0.939 else rng.expovariate(0.0028)


def ymmr_other(rng):
    return pareto(rng, 1.5, 3.8) if rng.random() < 0.982 else rng.expovariate(0.0217)


DRAWS = {
    "LNKD-SSD": (ssd, ssd, 0),
    "LNKD-DISK": (disk, ssd, 0),
    "YMMR": (ymmr_write, ymmr_other, 0),
    "WAN": (disk, ssd, 75),
}


def drawn(name, count, seed=7):
    """Writes by W, reads by R, visible and fresh by (R, W), in ms, of so many drawn trials."""
    write, other, far = DRAWS[name]
    rng = random.Random(seed)
    writes, reads = [[] for _ in range(N)], [[] for _ in range(N)]
    visible = {(r, w): [] for r in range(N) for w in range(N)}
    for _ in range(count):
        home, away = rng.randrange(N), rng.randrange(N)
        there = [write(rng) + far * (i != home) for i in range(N)]
        acks = sorted(there[i] + other(rng) + far * (i != home) for i in range(N))
        asked = [other(rng) + far * (i != away) for i in range(N)]
        back = sorted((asked[i] + other(rng) + far * (i != away), i) for i in range(N))
        for w in range(N):
            writes[w].append(acks[w])
            late = [max(0.0, there[i] - acks[w] - asked[i]) for _, i in back]
            for r in range(N):
                visible[r, w].append(min(late[: r + 1]))
        for r in range(N):
            reads[r].append(back[r][0])
    return writes, reads, visible


def quantile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


@pytest.mark.parametrize("name", list(MODELS))
def test_what_is_measured_is_what_the_model_says(name):
    count = 800
    tally = trials(name, count, 0)
    writes, reads, visible = drawn(name, 6000)
    for w in range(N):
        assert len(tally.writes[w]) == count
        for share in (0.1, 0.5, 0.9):
            close(tally.writes[w], writes[w], share)
        for r in range(N):
            for share in (0.1, 0.5, 0.9):
                close(tally.reads[w][r], reads[r], share)
            expected = sum(late == 0 for late in visible[r, w]) / 6000
            seen = tally.fresh[w][r] / count
            assert seen == pytest.approx(expected, abs=0.065)
            # A replica that was asked after the write came is one that gave it.
            assert tally.fresh[w][r] == sum(late == 0 for late in tally.visible[w][r])


def close(measured, expected, share):
    """Whether two samples have one quantile: where it is in one, the other has as many below."""
    at = quantile(expected, share) * MS
    below = sum(value <= at for value in measured) / len(measured)
    assert below == pytest.approx(share, abs=0.065), share


def test_overlapping_quorums_are_never_stale():
    tally = trials("LNKD-DISK", 400, 1)
    for w in range(N):
        for r in range(N):
            stale = max(tally.visible[w][r]) > 0
            assert stale == (r + w + 2 <= N)
            assert (tally.fresh[w][r] < 400) == stale


@pytest.mark.parametrize("w", range(1, N + 1))
@pytest.mark.parametrize("r", range(1, N + 1))
def test_each_r_and_w_run_by_itself_comes_to_the_same(monkeypatch, r, w):
    monkeypatch.setattr(pbs_trials, "SLOTS", 1)
    count, model = 25, MODELS["LNKD-DISK"]
    seed = list(MODELS).index("LNKD-DISK") * 1_000_000 + 3
    wrote, read, found = [], [], []

    async def main(cloud):
        store = store_of(cloud, model)
        writer, reader = store.client("writer1-dc1"), store.client(f"reader1-{w}-dc1")
        for number in range(count):
            begun = cloud.now
            await writer.put(f"k{number}", number, w=w)
            committed = cloud.now
            found.append(await reader.get(f"k{number}", r=r))
            wrote.append(committed - begun)
            read.append(cloud.now - committed)
            await cloud.sleep(1000)

    run = run_cloud(main, seed=seed, limits=Limits(virtual_s=1e6))
    assert run.exception is None
    tally = trials("LNKD-DISK", count, 3)
    assert [round(s * 1e9) for s in wrote] == list(tally.writes[w - 1])
    assert [round(s * 1e9) for s in read] == list(tally.reads[w - 1][r - 1])
    assert sum(value is not None for value in found) == tally.fresh[w - 1][r - 1]


def test_the_array_has_an_object_for_each_model_r_and_w():
    done = command("--json", "--trials", "30", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(one["model"], one["r"], one["w"]) for one in found] == [
        (name, r, w) for name in MODELS for r in (1, 2, 3) for w in (1, 2, 3)
    ]
    for one in found:
        assert list(one) == [
            "model",
            "r",
            "w",
            "read_ms_999",
            "write_ms_999",
            "t_visibility_ms_999",
            "consistent_at_0",
        ]
        assert 0 <= one["consistent_at_0"] <= 1
        assert one["r"] + one["w"] <= N or one["t_visibility_ms_999"] == 0


@pytest.mark.slow
def test_two_processes_count_what_one_does(monkeypatch):
    monkeypatch.setattr(pbs, "CHUNK", 20)
    (alone,) = [pbs.rows(*pair) for pair in pbs.tallies(["WAN"], 50, 1)]
    (shared,) = [pbs.rows(*pair) for pair in pbs.tallies(["WAN"], 50, 2)]
    assert alone == shared


def test_percentiles_are_exact():
    values = pbs.array("q", range(2_000_000, 0, -1000))
    assert len(values) == 2000
    assert pbs._ms(values) == pytest.approx(1.998)  # the 1,998th of 2,000


def test_all_reads_of_a_trial_count():
    tally = pbs_trials.Tally()
    for w in range(N):
        tally.writes[w].append(1_000_000)
        for r in range(N):
            tally.reads[w][r].append((w + 1) * 1_000_000)
            tally.visible[w][r].append(0)
    assert [row["read_ms_999"] for row in pbs.rows("WAN", tally)] == [3.0] * 9


def test_a_table_has_the_papers_figures():
    text = pbs.table(pbs.rows("LNKD-SSD", trials("LNKD-SSD", 20, 0)))
    assert "(0.66)" in text
    assert "(1.85)" in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--trials", "0"], "--trials must be 1 or more, not 0"),
        (["--jobs", "0"], "--jobs must be 1 or more, not 0"),
        (["--only", "X"], "LNKD-SSD"),
    ],
)
def test_a_wrong_word_is_answered_by_a_sentence(capsys, words, sentence):
    with pytest.raises(SystemExit) as left:
        pbs.main(words)
    said = capsys.readouterr()
    assert left.value.code == 2
    assert sentence in said.err
    assert said.out == ""
