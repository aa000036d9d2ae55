"""Histories of real systems with known verdicts, read in place beside the checkout."""

import json
from pathlib import Path

import pytest

from minicloud.check import History, Verdict, judge_file, linearizable
from minicloud.errors import FileError

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "histories"
EXPECTED = FOLDER / "expected.jsonl"
KNOWN = (
    [json.loads(line) for line in EXPECTED.read_text("utf-8").splitlines()]
    if EXPECTED.exists()
    else []
)

pytestmark = pytest.mark.skipif(
    not KNOWN, reason="no ../shared/data/histories beside this checkout"
)


@pytest.mark.parametrize("known", KNOWN, ids=[known["file"] for known in KNOWN])
def test_the_verdict_is_the_known_one(known):
    judged = judge_file(FOLDER / known["file"], known["model"])
    assert judged.verdict is (Verdict.VALID if known["linearizable"] else Verdict.INVALID)


@pytest.mark.parametrize("known", KNOWN, ids=[known["file"] for known in KNOWN])
def test_an_invalid_one_comes_with_a_few_operations_that_convict_by_themselves(known):
    history = History.read(FOLDER / known["file"])
    judged = linearizable(known["model"]).judge(history)
    assert (judged.evidence == ()) is known["linearizable"]
    if known["linearizable"]:
        return
    assert len(judged.evidence) <= 10
    starts = [op.start for op in judged.evidence]
    alone = linearizable(known["model"]).judge(history.select(lambda op: op.start in starts))
    assert alone.verdict is Verdict.INVALID


@pytest.mark.parametrize("known", KNOWN, ids=[known["file"] for known in KNOWN])
def test_a_file_that_is_cut_off_in_a_line_is_refused_there(known, tmp_path):
    """Cut in the middle of the last operation that the file holds."""
    text = (FOLDER / known["file"]).read_text("utf-8").rstrip("\n")
    place = max(text.rfind(":invoke"), text.rfind(":ok"), text.rfind(":info"), text.rfind(":fail"))
    path = tmp_path / known["file"]
    path.write_text(text[: place + 3], "utf-8")
    line = text[:place].count("\n") + 1
    with pytest.raises(FileError, match=rf"{path.name}:{line}: "):
        History.read(path)


@pytest.mark.parametrize("known", KNOWN, ids=[known["file"] for known in KNOWN])
def test_it_survives_being_written_in_our_own_format(known, tmp_path):
    history = History.read(FOLDER / known["file"])
    history.write_jsonl(tmp_path / "history.jsonl")
    again = History.read(tmp_path / "history.jsonl")
    assert len(again) == len(history)
    judged = linearizable(known["model"]).judge(again)
    assert (judged.verdict is Verdict.VALID) is known["linearizable"]
