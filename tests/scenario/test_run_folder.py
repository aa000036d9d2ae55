import gzip
import json
import tomllib
from pathlib import Path

import pytest

from minicloud.errors import FileError, UsageError
from minicloud.scenario.folder import RunFolder, locate, publish, staging, write_toml


def make(root, name, digest, *, scenario="lesson"):
    folder = root / scenario / name
    folder.mkdir(parents=True)
    about = {"target": scenario, "seed": 0, "digest": digest}
    write_toml(folder / "run.toml", "a run", {"": about, "params": {}})
    (folder / "result.json").write_text("{}")
    return folder


def test_toml_says_what_was_written(tmp_path):
    about = {
        "text": 'a "quoted" \\ back\nline\x7f\x01 é',
        "whole": 3,
        "number": 0.5,
        "big": 1e300,
        "yes": True,
        "none": None,
        "list": ["a", "b"],
    }
    write_toml(tmp_path / "run.toml", "a head", {"": about, "params": {"x": False}})
    read = tomllib.loads((tmp_path / "run.toml").read_text("utf-8"))
    assert read.pop("params") == {"x": False}
    del about["none"]
    assert read == about


def test_staging_leaves_nothing_of_a_run_that_failed(tmp_path):
    root = tmp_path / "runs"
    with pytest.raises(KeyboardInterrupt), staging(root) as aside:
        (aside / "raw").write_text("half")
        raise KeyboardInterrupt
    assert not root.exists()


def test_staging_keeps_a_folder_that_was_there(tmp_path):
    root = tmp_path / "mine"
    root.mkdir()
    (root / "precious").write_text("x")
    with staging(root):
        pass
    assert [path.name for path in root.iterdir()] == ["precious"], "and no .gitignore is added"


def test_git_is_told_to_pass_over_a_new_root(tmp_path):
    with staging(tmp_path / "runs") as aside:
        (aside / "run").mkdir()
        publish(aside / "run", tmp_path / "runs" / "lesson" / "0-abc")
    assert (tmp_path / "runs" / ".gitignore").read_text() == "*\n"
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == [".gitignore", "lesson"]


def test_a_root_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="runs cannot be written to"), staging(tmp_path / "file"):
        pass


def test_an_older_folder_is_replaced(tmp_path):
    final = tmp_path / "lesson" / "0-abc"
    for text in ("one", "two"):
        written = tmp_path / "aside" / "run"
        written.mkdir(parents=True)
        (written / text).write_text(text)
        publish(written, final)
    assert [path.name for path in final.iterdir()] == ["two"]


def test_a_run_is_found_by_folder_latest_and_digest(tmp_path):
    one = make(tmp_path, "0-1f3a9c2e", "1f3a9c2e0000")
    two = make(tmp_path, "1-1f3a9c2e", "1f3a9c2effff", scenario="other")
    three = make(tmp_path, "1-77777777", "77777777aaaa")
    assert locate(str(one), tmp_path).path == one
    assert locate("7777", tmp_path).path == three
    assert locate("1f3a9c2ef", tmp_path).path == two
    (two / "result.json").write_text("{} ")
    assert locate("latest", tmp_path).path == two
    with pytest.raises(UsageError, match="2 runs have a digest that begins with 1f3a9c2e: "):
        locate("1f3a9c2e", tmp_path)
    with pytest.raises(UsageError, match=r"no run in .* begins with beef"):
        locate("beef", tmp_path)
    with pytest.raises(UsageError, match="name a folder, latest, or four or more digits"):
        locate("1f", tmp_path)
    with pytest.raises(UsageError, match="is not a run folder"):
        locate(str(tmp_path), tmp_path)
    with pytest.raises(UsageError, match="there is no run in nowhere yet"):
        locate("latest", Path("nowhere"))


def test_a_damaged_folder_is_named(tmp_path):
    folder = make(tmp_path, "0-1f3a9c2e", "1f3a9c2e0000")
    (folder / "trace.jsonl.gz").write_bytes(gzip.compress(b'{"type": "header"}\n')[:-6])
    with pytest.raises(FileError, match=r"trace.jsonl.gz cannot be read"):
        list(RunFolder(folder).trace())
    (folder / "result.json").write_text(json.dumps({})[:1])
    with pytest.raises(FileError, match="is damaged"):
        RunFolder(folder)
    (folder / "result.json").write_text("{}")
    (folder / "run.toml").write_text("seed = 0\n")
    with pytest.raises(FileError, match="is damaged: it has no target, digest, params"):
        RunFolder(folder)
