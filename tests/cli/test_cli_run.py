import gzip
import json
import tomllib
from pathlib import Path

import pytest

KEYS = [
    "schema", "scenario", "variant", "seed", "params", "verdict", "expected", "checks", "error",
    "digest", "virtual_s", "wall_s", "events", "messages", "run",
]  # fmt: skip


def folders():
    return sorted(p for p in Path("runs").glob("*/*")) if Path("runs").exists() else []


def test_a_run_says_verdict_checks_and_what_to_do_next(cli):
    said = cli("run", "twins")
    assert said.code == 0
    assert said.err == ""
    (folder,) = folders()
    assert "twins/safe   seed 0   43 s of virtual time" in said.out
    assert "✔ promise: it is valid" in said.out
    assert "VALID  promise holds, as stated for safe" in said.out
    assert f"  picture  {folder}/report.html" in said.out
    assert "  repeat   minicloud run twins --seed 0" in said.out
    assert "  next     minicloud run twins --variant naive" in said.out
    assert max(map(len, said.out.splitlines())) < 80


def test_a_breaking_variant_is_invalid_and_leads_to_the_rule(cli):
    said = cli("run", "twins", "--variant", "naive", "--seed", 3)
    assert said.code == 1
    assert "✖ promise: it is invalid" in said.out
    assert "INVALID  promise does not hold, as stated for naive" in said.out
    assert "  repeat   minicloud run twins --variant naive --seed 3" in said.out
    assert "  next     minicloud show twins" in said.out


def test_the_repeat_line_repeats_to_the_byte(cli):
    first = cli(
        "run", "twins", "--variant", "naive", "--set", "cut_s=1m", "--set", "n=2", "--until", "50s"
    )
    line = next(line for line in first.out.splitlines() if "repeat" in line)
    words = line.split("minicloud ")[1].split()
    assert words == [
        "run", "twins", "--variant", "naive", "--set", "cut_s=60.0", "--set", "n=2",
        "--until", "50", "--seed", "0",
    ]  # fmt: skip
    (folder,) = folders()
    again = cli(*words, "--out", "again")
    assert again.code == first.code
    other = Path("again", *folder.parts[1:])
    for file in ("run.toml", "result.json", "history.jsonl", "trace.jsonl.gz"):
        assert (folder / file).read_bytes() == (other / file).read_bytes()


def test_json_is_exactly_one_object(cli):
    said = cli("run", "twins", "--variant", "naive", "--json")
    assert said.code == 1
    assert said.out.count("\n") == 1
    result = json.loads(said.out)
    assert list(result) == KEYS
    (folder,) = folders()
    assert result["run"] == folder.as_posix()
    assert folder.name == f"0-{result['digest'][:8]}"
    assert result["params"] == {"rule": False, "cut_s": 43.0, "n": 1}
    assert (result["verdict"], result["expected"], result["variant"]) == (
        "invalid",
        "invalid",
        "naive",
    )
    assert result["checks"] == [
        {"name": "promise", "verdict": "invalid", "detail": "it is invalid"}
    ]


def test_the_folder_has_everything_and_no_wall_time(cli):
    cli("run", "twins", "--set", "cut_s=50ms")
    (folder,) = folders()
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["history.jsonl", "report.html", "result.json", "run.toml", "trace.jsonl.gz"]
    about = tomllib.loads((folder / "run.toml").read_text())
    assert about["params"]["cut_s"] == 0.05
    assert about["target"] == "twins"
    assert set(about["versions"]) >= {"python", "trio", "minicloud"}
    assert "variant" not in about, "no variant names these values"
    result = json.loads((folder / "result.json").read_text())
    assert set(KEYS) - set(result) == {"wall_s", "run"}
    assert result["expected"] is None
    packed = (folder / "trace.jsonl.gz").read_bytes()
    assert packed[4:8] == bytes(4), "no time of day in the header"
    first = gzip.decompress(packed).splitlines()[0]
    assert json.loads(first)["type"] == "header"
    assert Path("runs/.gitignore").read_text() == "*\n"


def test_a_scenario_that_raises(cli):
    said = cli("run", "raises")
    assert said.code == 4
    assert "hello from the scenario" in said.out
    assert "FAILED" in said.out
    assert "FAILED  raises.py:17: ValueError: the lesson is broken" in said.out
    assert "raises.py" in said.err, "its own frames are shown"
    assert "in run_cloud" not in said.err, "and not ours"
    (folder,) = folders()
    assert (folder / "report.html").is_file(), "a run that failed is looked at most"


def test_a_scenario_that_raises_with_json(cli):
    said = cli("run", "raises", "--json")
    assert said.code == 4
    assert said.out.count("\n") == 1, "what the scenario prints goes elsewhere"
    result = json.loads(said.out)
    assert list(result) == KEYS
    assert result["verdict"] is None
    assert "the lesson is broken" in result["error"]
    assert result["run"] == folders()[0].as_posix()
    assert "hello from the scenario" in said.err


def test_a_check_that_cannot_read_the_history_is_the_scenarios_mistake(cli):
    said = cli("run", "misjudged", "--json")
    assert said.code == 4
    result = json.loads(said.out)
    assert result["verdict"] is None
    assert result["error"].startswith("linearizable: scenario did dance: model register knows read")
    assert result["error"] in said.err


def test_debug_shows_every_frame(cli):
    said = cli("run", "raises", "--debug")
    assert said.code == 4
    assert "minicloud/scenario/running.py" in said.err


@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_a_file_that_does_not_load(cli, json_flag):
    Path("broken.py").write_text("x = (\n")
    said = cli("run", "broken.py", *json_flag)
    assert said.code == 4
    assert "broken.py:1: SyntaxError" in said.err
    assert "Traceback" not in said.err
    if json_flag:
        result = json.loads(said.out)
        assert list(result) == KEYS
        assert result["verdict"] is None
        assert result["error"].startswith("broken.py:1: SyntaxError")
    else:
        assert said.out == ""
    assert folders() == []


def test_code_that_raises_at_import_shows_its_traceback(cli):
    Path("broken.py").write_text("def f():\n    1 / 0\n\nf()\n")
    said = cli("run", "broken.py")
    assert said.code == 4
    assert said.err.startswith("Traceback (most recent call last):\n")
    assert said.err.count("File ") == 2
    assert said.err.endswith("minicloud: broken.py:2: ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["twin"], "no scenario twin in ./scenarios or with the package; did you mean twins?"),
        (["nope.py"], "nope.py does not exist"),
        (["twins", "--variant", "niave"], "twins has safe, naive; did you mean naive?"),
        (["twins", "--set", "cut_s=long"], "cut_s takes a number of seconds (default 43.0)"),
        (["twins", "--set", "cut=1"], "no parameter cut; did you mean cut_s?"),
        (["twins", "--seed", "x"], "--seed x: --seed takes a whole number, 0 or above"),
        (["twins", "--seed", "-1"], "--seed -1: --seed takes a whole number, 0 or above"),
        (["twins", "--until", "soon"], "--until soon: --until takes a time such as"),
        (["twins", "--out", "scenarios/twins.py"], "runs cannot be written to"),
        (["twins", "--set", "n=2", "--expect"], "--expect: twins states no verdict"),
        (["twins", "more"], "too many words: more"),
        (["twins", "--bogus"], "Unknown option: --bogus"),
        (["twins", "--seed"], "--seed needs a value"),
        ([], "TARGET is missing"),
    ],
)
def test_wrong_usage_is_one_sentence_and_code_2(cli, words, sentence):
    said = cli("run", *words, "--json")
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert folders() == []


@pytest.mark.parametrize(
    ("target", "words", "code"),
    [
        ("twins", [], 0),
        ("twins", ["--expect"], 0),
        ("twins", ["--variant", "naive"], 1),
        ("twins", ["--variant", "naive", "--expect"], 0),
        ("unsure", [], 3),
        ("unsure", ["--expect"], 1),
        ("unchecked", [], 3),
        ("asserts", [], 1),
        ("other_reason", ["--expect"], 1),
    ],
)
def test_exit_codes(cli, target, words, code):
    assert cli("run", target, *words).code == code
    assert json.loads(cli("run", target, *words, "--json").out)["verdict"] is not None


def test_a_run_that_checks_nothing_says_what_to_add(cli):
    said = cli("run", "unchecked")
    assert "UNKNOWN  unchecked checks nothing, so it cannot fail." in said.out


def test_an_assertion_is_told_once_with_its_message(cli):
    said = cli("run", "asserts")
    assert said.out.count("sums are off") == 1
    assert "INVALID  assertion does not hold; valid is stated for naive" in said.out
    result = json.loads(cli("run", "asserts", "--json").out)
    assert result["error"] == "asserts.py:17: AssertionError: sums are off"


def test_a_random_seed_is_printed(cli):
    said = cli("run", "twins", "--seed", "random", "--json")
    seed = json.loads(said.out)["seed"]
    assert 0 <= seed < 2**31
    assert json.loads(cli("run", "twins", "--seed", seed, "--json").out)["seed"] == seed


def test_open_shows_the_picture(cli, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or True)
    assert cli("run", "twins", "--open").code == 0
    (folder,) = folders()
    assert shown == [(folder / "report.html").resolve().as_uri()]
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    said = cli("run", "twins", "--open")
    assert said.code == 0
    assert f"no browser was found; open {folder}/report.html yourself" in said.err


def test_open_and_no_report_contradict_each_other(cli):
    said = cli("run", "twins", "--open", "--no-report")
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "--open opens the picture that --no-report leaves out" in said.err
    assert folders() == []


def test_no_report_leaves_no_picture(cli):
    said = cli("run", "twins", "--no-report")
    (folder,) = folders()
    assert not (folder / "report.html").exists()
    assert f"  run      {folder}" in said.out


def test_a_path_is_kept_as_seen_from_here(cli):
    said = cli("run", "./scenarios/twins.py")
    assert "minicloud run ./scenarios/twins.py --seed 0" in said.out
    (folder,) = folders()
    about = tomllib.loads((folder / "run.toml").read_text())
    assert about["target"] == "scenarios/twins.py"
    assert cli("replay", folder).code == 0
