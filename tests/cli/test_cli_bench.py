"""`minicloud bench`: what is said, what is kept, what is never ranked, and its exit codes."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

CONTEST = '''
from typing import Literal

from minicloud import Client, Cloud, Workload, breaks, holds, operation, scenario
from minicloud.check import Judgement, Verdict
from minicloud.workload import Every


class Says:
    name = "promise"

    def __init__(self, verdict):
        self.verdict = Verdict(verdict)

    def judge(self, history, *, timeout=30.0):
        return Judgement(verdict=self.verdict, why=f"it is {self.verdict.value}")


class Shop(Client):
    def __init__(self, *, takes):
        self.takes = takes

    @operation(key="key")
    async def buy(self, key, n):
        await self.sleep(self.takes * self.random.uniform(0.5, 1.5))
        return n


@scenario(
    quick=holds(takes_s=0.01),
    slow=holds(takes_s=0.02),
    wrong=breaks("promise", takes_s=0.001),
)
async def contest(
    cloud: Cloud,
    *,
    takes_s: float = 0.01,
    rate: float = 50.0,
    mode: Literal["open", "closed"] = "open",
    says: Literal["", "valid", "invalid", "unknown"] = "",
) -> None:
    """Who is quick, and who is right?"""
    key = "</script><img src=x onerror=alert(1)>"
    calls = {"buy": lambda draw: (key, draw.fresh())}
    spec = Workload(
        Shop, calls=calls, clients=2, per_s=rate, lasts=4, mode=mode, arguments={"takes": takes_s}
    )
    load = cloud.start(spec)
    await cloud.sleep(1)
    load.hosts[0].pause()
    await cloud.sleep(0.5)
    load.hosts[0].resume()
    await load.finish(within=5)
    cloud.check(Says(says or ("invalid" if takes_s < 0.005 else "valid")))
'''

EVIL = '''
from minicloud import Cloud, Client, holds, scenario


class Odd(Client):
    pass


@scenario(fair=holds(word="<img src=x onerror=alert(1)>"))
async def evil(cloud: Cloud, *, word: str = "x") -> None:
    """</script><script>alert(1)</script> & "quotes" | pipes"""
    odd = cloud.client("odd", Odd)
    with cloud.net.delay(0.1, source=odd.host):
        for n in range(30):
            async with odd.recording("<b>bold</b>", key="</script><img src=x onerror=alert(1)>"):
                await cloud.sleep(0.1)

    def promise():
        assert word != "bad", "</script><img src=x onerror=alert(1)>"

    cloud.check(promise)
'''
KEPT = Path("runs/contest/bench")
FILES = ("bench.html", "bench.json", "bench.csv", "bench.md")


@pytest.fixture
def contest(cli):
    Path("scenarios/contest.py").write_text(CONTEST)
    Path("scenarios/evil.py").write_text(EVIL)

    def call(*words, target="contest", jobs=2):
        return cli("bench", target, *words, "--jobs", jobs)

    return call


def test_a_comparison_is_told_and_kept(contest):
    said = contest("--seeds", "1..6")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "contest"
    assert lines[1] == "  open loop, 50/s by 2 clients"
    rows = [line.split()[0] for line in lines if re.match(r"(quick|slow|wrong) ", line)]
    assert rows == ["quick", "slow", "wrong"]
    assert "not ranked: wrong: violates promise at 6 of 6 seeds, first 1" in lines
    assert any(re.match(r"  slow +resp p99 .* 0 better, 0 tied, 6 worse", line) for line in lines)
    assert not any(line.startswith("  wrong") for line in lines)
    assert sorted(path.name for path in KEPT.iterdir()) == sorted(FILES)
    assert max(map(len, lines)) < 80


def test_what_is_not_valid_is_shown_and_never_ranked(contest):
    contest("--seeds", "1..6")
    data = json.loads((KEPT / "bench.json").read_text())
    wrong = next(cell for cell in data["cells"] if cell["algorithm"] == "wrong")
    quick = next(cell for cell in data["cells"] if cell["algorithm"] == "quick")
    assert not wrong["ranked"]
    assert wrong["median"]["resp.p50"] < quick["median"]["resp.p50"]
    assert data["baseline"] == "quick"
    assert [one["algorithm"] for one in data["against"]] == ["slow"]
    assert "INVALID" in (KEPT / "bench.md").read_text()
    assert "INVALID" in (KEPT / "bench.html").read_text()
    only = contest("--variants", "wrong,slow", "--baseline", "wrong", "--seeds", "2")
    assert "nothing is compared: the baseline wrong is not ranked" in only.out


@pytest.mark.parametrize("verdict", ["unknown", "invalid"])
def test_one_seed_that_is_not_valid_is_enough_and_the_code_says_which(contest, verdict):
    said = contest("--variants", "quick", "--set", f"says={verdict}", "--seeds", "2")
    assert said.code == {"unknown": 3, "invalid": 1}[verdict]
    assert "nothing is compared: no algorithm is valid at every seed" in said.out
    if verdict == "invalid":
        assert "quick is said to hold, and violates promise at 2 of 2 seeds" in said.out


def test_response_time_is_told_first_and_differs_where_clients_stood_still(contest):
    contest("--seeds", "3", "--variants", "quick")
    (cell,) = json.loads((KEPT / "bench.json").read_text())["cells"]
    assert cell["median"]["resp.p99"] > 300
    assert cell["median"]["svc.p99"] < 20


def test_a_closed_loop_is_labelled(contest):
    said = contest("--seeds", "2", "--set", "mode=closed", "--variants", "quick")
    assert "CLOSED LOOP" in said.out.splitlines()[1]
    assert "A closed loop asks less of whom is slow." in (KEPT / "bench.html").read_text()


def digests(folder):
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]


@pytest.mark.slow
def test_the_same_seeds_are_the_same_bytes_whatever_the_hash_seed_and_however_many_jobs(contest):
    paths = [
        path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path
    ]
    seen = []
    for hash_seed, jobs in (("0", "1"), ("1", "2"), ("random", "2")):
        words = ["bench", "contest", "--seeds", "1..3", "--sweep", "rate=20,40"]
        words += ["--jobs", jobs, "--out", f"out-{hash_seed}"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-m", "minicloud", *words], env=env, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        seen.append(digests(Path(f"out-{hash_seed}/contest/bench")))
    assert seen[0] == seen[1] == seen[2]


def test_json_is_one_object_with_the_data(contest):
    said = contest("--seeds", "2", "--json", "--fail-if", "slow: resp.p50 > 1ms")
    data = json.loads(said.out)
    assert said.code == 1
    assert (data["schema"], data["seeds"], data["changes"]) == (1, [1, 2], None)
    assert [one["algorithm"] for one in data["failing"]] == ["slow"]
    kept = json.loads((KEPT / "bench.json").read_text())
    assert {key: data[key] for key in kept} == kept


def test_an_older_one_is_compared_with_and_a_limit_fails_the_command(contest):
    contest("--seeds", "1..6", "--variants", "quick,slow")
    (KEPT / "bench.json").rename("old.json")
    same = contest("--seeds", "1..6", "--variants", "quick,slow", "--compare", "old.json")
    assert same.code == 0
    assert re.search(r"^  = quick +response time, 99th percentile: 1.00x", same.out, re.MULTILINE)
    text = Path("scenarios/contest.py").read_text()
    Path("scenarios/contest.py").write_text(
        text.replace("quick=holds(takes_s=0.01)", "quick=holds(takes_s=0.03)").replace(
            "takes_s: float = 0.01", "takes_s: float = 0.03"
        )
    )
    words = ("--seeds", "1..6", "--variants", "quick,slow", "--compare", "old.json")
    worse = contest(*words, "--fail-if", "resp.p50 > +5%", "--fail-if", "ok < 1%")
    assert worse.code == 1
    assert "--fail-if 'resp.p50 > +5%': quick: resp.p50 is 3" in worse.out
    assert "slow: resp" not in worse.out
    assert max(map(len, worse.out.splitlines())) < 80


def test_sweeps_have_a_knee_and_rows_by_value(contest):
    said = contest("--seeds", "2", "--variants", "quick,slow", "--sweep", "rate=10..40")
    rows = [
        line.split()[:2] for line in said.out.splitlines() if re.match(r"(quick|slow) rate", line)
    ]
    assert [value for _, value in rows] == [f"rate={v}" for v in (10, 10, 20, 20, 40, 40)]
    html = (KEPT / "bench.html").read_text()
    assert 'id="knee"' in html
    plain = contest("--seeds", "2")
    assert 'id="knee"' not in (KEPT / "bench.html").read_text()
    assert plain.code == 0


def test_values_of_a_parameter_are_contenders_too(contest):
    said = contest("--by", "takes_s=10ms,40ms", "--seeds", "2")
    assert said.code == 0
    assert re.search(r"^takes_s=0.04 ", said.out, re.MULTILINE)


def test_the_wall_clock_is_told_and_kept_apart(contest):
    said = contest("--seeds", "2", "--wall")
    assert "events/s" in said.out
    assert {path.name for path in KEPT.iterdir()} == {*FILES, "wall.json"}
    assert "wall" not in (KEPT / "bench.json").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--variants", "quik"), "did you mean quick?"),
        (("--seeds", "no"), "write a range such as 0..999"),
        (("--baseline", "fast"), "--baseline fast: compared are quick, slow, wrong"),
        (("--fail-if", "nonsense"), "write METRIC > +5%"),
        (("--fail-if", "ghost: ok < 5%"), "compared are quick, slow, wrong"),
        (("--compare", "nothing.json"), "nothing.json cannot be read"),
        (("--compare", "scenarios/contest.py"), "is no comparison"),
        (("--sweep", "rat=1,2"), "did you mean rate?"),
        (("--sweep", "rate=1,2", "--set", "rate=3"), "rate is given twice"),
        (("--sweep", "rate=1,2", "--by", "rate=3,4"), "rate is given twice"),
        (("--jobs", "0"), "--jobs takes 1 to 512"),
    ],
)
def test_wrong_usage_is_one_sentence_and_nothing_is_written(contest, cli, words, sentence):
    said = cli("bench", "contest", *words)
    assert (said.code, said.out) == (2, "")
    assert len(said.err.splitlines()) == 1
    assert sentence in said.err
    assert not Path("runs").exists()


def test_a_scenario_that_cannot_be_run_is_not_ranked(contest):
    said = contest("--seeds", "1", target="raises")
    assert said.code == 4
    told = " ".join(said.out.split())
    assert "not ranked: defaults: could not be run (raises.py:" in told
    assert "the lesson is broken" in told


class Tags(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self):
        super().__init__()
        self.tags, self.commands, self.addresses = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.commands += [value for name, value in attrs if name == "data-command"]
        self.addresses += [v for n, v in attrs if n in {"src", "href", "action"}]
        assert not any(name.startswith("on") for name, _ in attrs), attrs


def tags_of(path):
    tags = Tags()
    tags.feed(path.read_text("utf-8"))
    return tags


def test_what_users_name_never_becomes_markup(contest):
    said = contest("--seeds", "2", "--set", "word=bad", target="evil")
    assert said.code == 1
    page = tags_of(Path("runs/evil/bench/bench.html"))
    assert not {"img", "iframe", "link", "object"} & set(page.tags)
    assert page.tags.count("script") == 1
    assert page.addresses == []
    text = Path("runs/evil/bench/bench.md").read_text()
    assert "<img" not in text
    assert "<script" not in text
    rows = list(csv.reader(Path("runs/evil/bench/bench.csv").read_text().splitlines()))
    assert len({len(row) for row in rows}) == 1


def test_every_point_carries_the_command_that_repeats_its_seed(contest, cli):
    contest("--seeds", "1..3")
    page = tags_of(KEPT / "bench.html")
    assert len(page.commands) == 9
    assert page.addresses == []
    command = next(c for c in page.commands if "--variant slow" in c and c.endswith("--seed 3"))
    said = cli(*command.split()[1:], "--json", "--no-report")
    data = json.loads((KEPT / "bench.json").read_text())
    slow = next(cell for cell in data["cells"] if cell["algorithm"] == "slow")
    assert json.loads(said.out)["digest"] == slow["runs"][2]["digest"]


def test_question_eight_two_p99s_and_how_sure_that_is(contest):
    """Which of two algorithms has the lower p99, by how much, and how sure is that?"""
    contest("--seeds", "1..10", "--variants", "quick,slow", "--set", "rate=100")
    data = json.loads((KEPT / "bench.json").read_text())
    p99 = {cell["algorithm"]: cell["median"]["resp.p99"] for cell in data["cells"]}
    (line,) = [
        line
        for one in data["against"]
        if one["algorithm"] == "slow"
        for line in one["metrics"]
        if line["metric"] == "svc.p99"
    ]
    assert p99["quick"] < p99["slow"]
    assert 1.5 < line["low"] <= line["ratio"] <= line["high"] < 2.5
    assert (line["seeds"], line["losses"], line["side"]) == (10, 10, "worse")
