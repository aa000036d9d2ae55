"""`export`: which file it writes, what it refuses, and that its bytes are the same everywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import minicloud
from minicloud.report.exports import FORMATS

LESSON = "double-charge"


@pytest.fixture
def kept(cli):
    cli("run", LESSON, "--no-report")
    return cli


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_named_after_the_run_and_stands_here(kept, name):
    done = kept("export", "--to", name)
    assert (done.code, done.err) == (0, "")
    (file,) = Path().glob(f"{LESSON}-0-*{FORMATS[name].suffix}")
    assert done.out.startswith(file.name)
    assert len(done.out.strip()) < 80
    assert sorted(p.name for p in Path().iterdir()) == sorted([file.name, "runs", "scenarios"])


def test_no_file_is_written_over_but_when_told(kept):
    Path("x.mmd").write_text("mine")
    done = kept("export", "--to", "mermaid", "--output", "x.mmd")
    assert done.code == 2
    assert done.err == "minicloud: x.mmd is there already: add --force, or name another --output\n"
    assert Path("x.mmd").read_text() == "mine"
    assert kept("export", "--to", "mermaid", "--output", "x.mmd", "--force").code == 0
    written = Path("x.mmd").read_bytes()
    assert written.startswith(b"sequenceDiagram")
    # What holds the same already may be written again.
    assert kept("export", "--to", "mermaid", "--output", "x.mmd").code == 0
    assert Path("x.mmd").read_bytes() == written


def test_a_minus_is_standard_output_and_nothing_else(kept):
    done = kept("export", "--to", "otlp", "--op", "shop:1", "--output", "-")
    assert json.loads(done.out)["resourceSpans"]
    assert done.err == ""
    assert sorted(p.name for p in Path().iterdir()) == ["runs", "scenarios"]


def test_the_suffix_says_which_history(kept):
    kept("export", "--to", "jepsen", "--output", "h.json")
    assert json.loads(Path("h.json").read_text("utf-8"))[0]["process"] == "nemesis"


def test_an_exported_history_gets_the_same_verdict(cli):
    cli("run", "quorum-is-not-linearizable", "--variant", "naive", "--no-report")
    cli("export", "--to", "jepsen", "--output", "h.edn")
    own = cli("check", "latest", "--json")
    other = cli("check", "h.edn", "--model", "register", "--json")
    assert (own.code, other.code) == (1, 1)
    own, other = json.loads(own.out), json.loads(other.out)
    assert own["operations"] == other["operations"]
    assert "invalid" == own["verdict"] == other["verdict"]


WRONG = {
    ("--to", "jepson"): "--to jepson: there is perfetto, shiviz, otlp, openmetrics, jepsen, "
    "jepsen-json, mermaid; did you mean jepsen?",
    ("--to", "perfetto", "--from", "3"): "--from: perfetto is always of the whole run",
    ("--to", "otlp", "--series"): "--series is for openmetrics: otlp has no samples",
    ("--to", "mermaid", "--from", "3", "--until", "2"): "--from 3 is after --until 2",
    ("--to", "mermaid", "--from", "50"): "no message of the run is inside 50 to 6.54461 s",
    ("--to", "mermaid", "--from", "x"): "--from x: --from takes a time such as 30, 30s, 10m or "
    "50ms",
    ("--to", "otlp", "--op", "shop:1", "--from", "2"): "--op is one operation, whenever it was: "
    "leave out --from and --until",
    ("--to", "shiviz", "--op", "shop:99"): "the run has no operation shop:99; among its "
    "operations: shop:1, shop:2, shop:3, shop:4, shop:5, shop:6",
    ("--to", "mermaid", "--output", "runs"): "runs is a folder: name a file, as in "
    "--output runs/NAME",
    ("--to", "mermaid", "--output", "no/such"): "no/such cannot be written: No such file or "
    "directory",
    ("--to", "mermaid", "--output", "--force"): "--output needs a value: a file, or - for "
    "standard output",
}


def test_each_mistake_is_one_sentence_and_leaves_nothing(kept):
    for words, sentence in WRONG.items():
        done = kept("export", *words)
        assert (done.code, done.out, done.err) == (2, "", f"minicloud: {sentence}\n")
    assert kept("export").err.startswith("minicloud: --to is missing.")
    assert sorted(p.name for p in Path().iterdir()) == ["runs", "scenarios"]


def test_a_run_without_clients_can_be_exported_too(cli):
    cli("run", "twins", "--no-report")
    for name in FORMATS:
        done = cli("export", "--to", name)
        known = ("no message of the run", "no operation of the run", "")
        assert done.code in (0, 2)
        assert done.err.removeprefix("minicloud: ").startswith(known)
        assert "bug" not in done.err


EVERY = """
import sys
from minicloud.cli import main
for name in sys.argv[2:]:
    main(["export", "latest", "--to", name, "--output", f"{sys.argv[1]}-{name}"])
"""


@pytest.mark.slow
def test_bytes_are_the_same_whatever_the_hash_seed(kept):
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        environment["PYTHONPATH"] = str(Path(minicloud.__file__).parents[1])
        command = [sys.executable, "-c", EVERY, seed, *FORMATS]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    for name in FORMATS:
        assert Path(f"1-{name}").read_bytes() == Path(f"2-{name}").read_bytes()
