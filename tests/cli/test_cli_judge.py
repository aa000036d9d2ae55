import json
from pathlib import Path

import pytest

GOOD = [
    {"index": 0, "time": 0, "process": 0, "type": "invoke", "f": "write", "value": 1},
    {"index": 1, "time": 5, "process": 0, "type": "ok", "f": "write", "value": 1},
    {"index": 2, "time": 6, "process": 1, "type": "invoke", "f": "read", "value": None},
    {"index": 3, "time": 9, "process": 1, "type": "ok", "f": "read", "value": 1},
]
BAD = [*GOOD[:3], {**GOOD[3], "value": 7}]


@pytest.fixture(autouse=True)
def files(here):
    for name, events in (("good", GOOD), ("bad", BAD)):
        Path(f"{name}.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    Path("cut.jsonl").write_text(json.dumps(GOOD[0]) + "\n" + json.dumps(GOOD[1])[:20])


def test_files_are_judged_in_turn_and_the_worst_decides(cli):
    said = cli("check", "good.jsonl", "bad.jsonl", "--model", "register")
    assert said.code == 1
    lines = said.out.splitlines()
    assert lines[0].startswith("✔ good.jsonl: valid, 2 operations in ")
    assert any(line.startswith("✖ bad.jsonl: invalid, 2 operations in ") for line in lines)
    assert cli("check", "good.jsonl", "--model", "register").code == 0


def test_json_is_an_object_a_file(cli):
    said = cli("check", "good.jsonl", "bad.jsonl", "--model", "register", "--json")
    assert said.code == 1
    good, bad = [json.loads(line) for line in said.out.splitlines()]
    assert list(good) == ["file", "model", "verdict", "operations", "wall_s", "detail"]
    assert (good["file"], good["verdict"], bad["verdict"]) == ("good.jsonl", "valid", "invalid")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cut.jsonl", "--model", "register"], "cut.jsonl:2:"),
        (["nope.jsonl", "--model", "register"], "nope.jsonl"),
        (["good.jsonl"], "good.jsonl: say what it is a history of, with --model MODEL"),
        (["good.jsonl", "--model", "reg"], "--model reg: there is register"),
        (["good.jsonl", "--model", "register", "--format", "json"], "--format json: there is"),
        (["good.jsonl", "--model", "register", "--timeout", "x"], "--timeout x"),
        (["scenarios", "--model", "register"], "scenarios is not a run folder"),
        (["latest"], "there is no run in runs yet"),
        ([], "check what? Write: minicloud check FILE --model MODEL"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence_and_code_2(cli, words, sentence):
    said = cli("check", *words, "--json")
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_a_later_file_that_is_cut_off_leaves_no_json(cli):
    said = cli("check", "good.jsonl", "cut.jsonl", "--model", "register", "--json")
    assert (said.code, said.out) == (2, "")


def test_a_run_knows_its_model(cli):
    cli("run", "twins")
    (folder,) = Path("runs/twins").iterdir()
    about = folder / "run.toml"
    about.write_text(about.read_text().replace("schema = 1", 'schema = 1\nmodel = "register"'))
    (folder / "history.jsonl").write_text(Path("bad.jsonl").read_text())
    said = cli("check", "latest", folder, "--json")
    assert said.code == 1
    assert [json.loads(line)["file"] for line in said.out.splitlines()] == [str(folder)] * 2


def test_a_run_that_no_model_judged_needs_one(cli):
    cli("run", "twins")
    said = cli("check", "latest")
    assert said.code == 2
    assert "was judged by no model; name one with --model MODEL" in said.err
