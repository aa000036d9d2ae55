"""`minicloud report`: the picture of a kept run, whole or in part, and what may go wrong."""

import json
import os
from pathlib import Path

import pytest


@pytest.fixture
def kept(cli):
    cli("run", "twins", "--no-report")
    (folder,) = Path("runs").glob("*/*")
    return folder


def test_it_writes_the_page_into_the_folder_and_says_where(cli, kept):
    said = cli("report", "latest")
    assert said.code == 0
    assert said.out == f"  picture  {kept}/report.html\n"
    page = (kept / "report.html").read_bytes()
    assert cli("report", kept).code == 0
    assert (kept / "report.html").read_bytes() == page


def test_it_is_the_page_that_run_writes(cli):
    cli("run", "twins")
    (folder,) = Path("runs").glob("*/*")
    written = (folder / "report.html").read_bytes()
    cli("report")
    assert (folder / "report.html").read_bytes() == written
    assert b"--seed 0" not in written, "the repeat line is in the data"


def test_open_opens_it(cli, kept, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda address: shown.append(address) or True)
    assert cli("report", "--open").code == 0
    assert shown == [(kept / "report.html").resolve().as_uri()]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing"], "no run nothing: name a folder, latest"),
        (["ffff"], "no run in runs has a digest that begins with ffff"),
        (["latest", "--from", "3s", "--to", "2s"], "--from 3s --to 2s: nothing lies between them"),
        (["latest", "--from", "soon"], "--from soon"),
        (["latest", "--output", "x.html"], "--output is for two runs"),
        (["latest", "latest", "--all"], "leave out --from, --to and --all"),
    ],
)
def test_a_mistake_is_one_sentence(cli, kept, words, sentence):
    said = cli("report", *words)
    assert said.code == 2
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (kept / "report.html").exists()


def test_a_folder_that_is_none(cli, tmp_path):
    Path("empty").mkdir()
    said = cli("report", "empty")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "it has no run.toml" in said.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(cli, kept):
    kept.chmod(0o500)
    try:
        said = cli("report", kept)
    finally:
        kept.chmod(0o700)
    assert said.code == 2
    assert "report.html cannot be written: Permission denied" in said.err
    assert not (kept / "report.html").exists()


def test_a_page_that_cannot_take_its_place_is_not_half_written(cli, kept):
    (kept / "report.html").mkdir()
    said = cli("report", kept)
    assert said.code == 2
    assert "report.html cannot be written" in said.err
    assert sorted(p.name for p in kept.iterdir() if p.name.startswith(".")) == []


def test_a_damaged_trace_leaves_no_page(cli, kept):
    (kept / "trace.jsonl.gz").write_bytes(b"no gzip")
    said = cli("report", kept)
    assert said.code == 2
    assert "trace.jsonl.gz cannot be read" in said.err
    assert said.err.count("\n") == 1
    assert not (kept / "report.html").exists()


def test_a_run_is_kept_where_its_picture_cannot_be_made(cli, monkeypatch):
    def broken(folder, wanted=None):
        raise RuntimeError("no colours left")

    monkeypatch.setattr("minicloud.cli.pictures.page.write_page", broken)
    said = cli("run", "twins", "--json")
    assert said.code == 0
    assert "the run has no picture: RuntimeError: no colours left" in said.err
    assert Path(json.loads(said.out)["run"], "result.json").is_file()


def test_a_sweep_writes_no_page(cli):
    assert cli("sweep", "twins", "--seeds", "0..1", "--jobs", "1").code == 0
    assert not list(Path().rglob("report.html"))
