import json
from pathlib import Path

import pytest

from minicloud.scenario import loading


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_sweep_counts_and_names_what_fails(cli):
    said = cli("sweep", "by-seed", "--seeds", "0..5", "--jobs", 2)
    assert said.code == 4, "a run that could not be made weighs most"
    lines = said.out.splitlines()
    assert lines[1].startswith("  repeat: minicloud run by-seed --seed "), "the first, at once"
    assert sorted(lines[0:1] + lines[2:4])[1:] == [
        "? seed 2     promise: it is unknown",
        "✖ seed 1     promise: it is invalid",
    ]
    assert min(lines[0:1] + lines[2:4]).startswith("! seed 5     ")
    assert "seed five" in said.out
    assert lines[4].startswith("by-seed/fair  6 seeds in ")
    assert "2 jobs)" in lines[4]
    assert "1 invalid · 3 valid · 1 unknown · 1 failed" in said.out
    assert "  promise      1   first seed 1   undecided 1" in lines
    assert lines[-1] == "next: minicloud shrink by-seed --seed 1"
    assert "noise" not in said.out
    assert max(map(len, lines)) < 80
    assert not Path("runs").exists(), "a sweep writes no files"


def test_a_sweep_in_json_is_an_object_a_seed_in_order_and_a_summary(cli):
    said = cli("sweep", "by-seed", "--seeds", 4, "--json")
    assert said.code == 1
    *seeds, last = objects(said.out)
    assert [one["seed"] for one in seeds] == [0, 1, 2, 3]
    assert [one["verdict"] for one in seeds] == ["valid", "invalid", "unknown", "valid"]
    summary = last["summary"]
    counts = {name: summary[name] for name in ("seeds", "valid", "invalid", "unknown", "failed")}
    assert counts == {"seeds": 4, "valid": 2, "invalid": 1, "unknown": 1, "failed": 0}
    assert summary["checks"] == [{"name": "promise", "invalid": 1, "unknown": 1, "first_seed": 1}]


def test_a_sweep_gives_the_digest_that_run_prints(cli):
    *seeds, _ = objects(cli("sweep", "twins", "--seeds", "0..2", "--json").out)
    alone = [json.loads(cli("run", "twins", "--seed", n, "--json").out) for n in range(3)]
    assert [one["digest"] for one in seeds] == [one["digest"] for one in alone]


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--variant", "naive"], 1), (["--set", "cut_s=1"], 0), (["--seeds", "2..2"], 0)],
)
def test_a_sweep_takes_variants_settings_and_ranges(cli, words, code):
    seeds = [] if "--seeds" in words else ["--seeds", 3]
    assert cli("sweep", "twins", *seeds, *words).code == code


def test_a_worker_that_dies_costs_its_own_seed_only(cli):
    said = cli("sweep", "dies", "--seeds", "0..7", "--json")
    assert said.code == 3
    *seeds, last = objects(said.out)
    assert [one["seed"] for one in seeds if one["verdict"] != "valid"] == [3]
    assert seeds[3]["verdict"] == "unknown"
    assert "the worker process died" in seeds[3]["error"]
    assert last["summary"]["unknown"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "5..2"], "--seeds 5..2: write a range such as 0..999, or a count"),
        (["--seeds", "0"], "--seeds 0: that is no seed at all"),
        (["--seeds", "x"], "--seeds x: write a range"),
        (["--seeds", "1..x"], "--seeds 1..x: write a range"),
        (["--jobs", "0"], "--jobs 0: --jobs takes 1 to 512"),
        (["--jobs", "many"], "--jobs many: --jobs takes a whole number"),
        (["--variant", "x"], "twins has safe, naive"),
    ],
)
def test_a_sweep_that_cannot_be_meant(cli, words, sentence):
    said = cli("sweep", "twins", *words, "--json")
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err


def test_verify_passes_where_every_verdict_is_the_stated_one(cli):
    said = cli("verify", "twins")
    assert said.code == 0
    assert said.out.splitlines() == [
        "✔ twins/safe   valid",
        "✔ twins/naive  invalid  promise",
        "2 variants, none not as stated",
    ]


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("other_reason", 1, "invalid, but promise did not convict it: another did"),
        ("unsure", 1, "unknown, though valid is stated"),
        ("unchecked", 1, "unknown, though valid is stated"),
        ("asserts", 1, "invalid, though valid is stated"),
        ("raises", 3, "states no verdict"),
        ("dies", 0, ""),
    ],
)
def test_verify_fails_for_another_verdict_and_for_another_reason(cli, target, code, words):
    said = cli("verify", target)
    assert said.code == code
    assert words in " ".join(said.out.split())


def test_verify_of_everything_goes_on_past_a_broken_file(cli, monkeypatch):
    own = Path("scenarios")
    monkeypatch.setattr(loading, "folders", lambda: [own])  # the lessons are for CI
    for name in (
        "raises",
        "unsure",
        "unchecked",
        "other_reason",
        "asserts",
        "by_seed",
        "misjudged",
        "wall_clock",
    ):
        Path("scenarios", f"{name}.py").unlink()
    Path("scenarios/broken.py").write_text("x = (\n")
    said = cli("verify", "--json")
    assert said.code == 4
    *rows, last = objects(said.out)
    ours = {(row["scenario"], row["variant"]): row["ok"] for row in rows}
    assert ours["broken", None] is False
    assert ours["twins", "naive"] is True
    assert last["summary"]["not_as_stated"] == 1
    assert "broken.py:1: SyntaxError" in next(r["detail"] for r in rows if not r["ok"])


def test_twice_says_that_a_run_repeats(cli):
    said = cli("run", "twins", "--twice", "--json")
    assert said.code == 0
    assert json.loads(said.out)["repeatable"] is True
    assert "✔ repeatable" in cli("run", "twins", "--twice").out


@pytest.mark.parametrize("target", ["set-order", "wall-clock"])
def test_twice_catches_a_run_that_does_not_repeat(cli, target):
    said = cli("run", target, "--twice", "--json", "--guard", "off")
    assert said.code == 4
    result = json.loads(said.out)
    assert result["repeatable"] is False
    assert result["verdict"] == "valid"
    assert result["error"].startswith("Not repeatable: two processes first differ at event ")
    what = "alice sent Hello to" if target == "set-order" else "alice sent Tell to listener"
    assert what in result["error"]
    assert f"{target.replace('-', '_')}.py:" in result["error"], "the line that sent it"
    left = sorted(path.name for path in Path("runs").iterdir())
    assert left == [".gitignore", target], "nothing half-written"


def test_replay_repeats_a_kept_run(cli):
    cli("run", "twins", "--variant", "naive", "--set", "cut_s=2")
    said = cli("replay", "latest")
    assert said.code == 1, "it is as invalid as it was"
    assert said.out.startswith("✔ runs/twins/0-")
    result = json.loads(cli("replay", "latest", "--json").out)
    assert result["repeatable"] is True
    assert cli("replay", result["digest"][:6]).code == 1


def test_replay_of_a_changed_scenario_says_so(cli):
    cli("run", "twins")
    file = Path("scenarios/twins.py")
    file.write_text(file.read_text().replace("sleep(cut_s)", "sleep(cut_s + 1)"))
    file.write_text(file.read_text().replace("# the rule", "cloud.node('late', Node)"))
    file.write_text("from minicloud import Node\n" + file.read_text())
    said = cli("replay", "latest")
    assert said.code == 4
    words = " ".join(said.out.split())
    assert "does not repeat (scenarios/twins.py has changed since that run)" in words
    assert "first at event 1" in words


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("latest", "there is no run in runs yet"),
        ("beef", "no run in runs has a digest that begins with beef"),
        ("nothing", "no run nothing: name a folder, latest, or four or more digits"),
        ("scenarios", "scenarios is not a run folder"),
    ],
)
def test_replay_of_what_is_not_there(cli, run, sentence):
    said = cli("replay", run)
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
