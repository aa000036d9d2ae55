"""The benchmark of determinism finds what differs, and names scenario and seed."""

import json
from pathlib import Path

import pytest

from bench import determinism

HEAD = """
from minicloud import Cloud, Node, Request, handle, holds, scenario

class Hello(Request[None]):
    pass

class Listener(Node):
    @handle
    def hello(self, request: Hello) -> None: ...

@scenario(fair=holds())
async def lesson(cloud: Cloud) -> None:
    alice = cloud.client("alice")
    names = {"anna", "bert", "carl", "dora"}
    for name in sorted(names):
        cloud.node(name, Listener)
    cloud.check(lambda: True)
"""
SORTED = (
    HEAD + "    for name in sorted(names):\n        await alice.call(name, Hello(), timeout=1.0)\n"
)
UNSORTED = SORTED.replace(
    "for name in sorted(names):\n        await", "for name in names:\n        await"
)
RAISES = HEAD + "    raise ValueError('no')\n"


def run(tmp_path, monkeypatch, capsys, lesson, *words):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lesson.py").write_text(lesson)
    code = determinism.main(["--scenarios", str(tmp_path), "--seeds", "6", "--json", *words])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else said.err


@pytest.fixture(autouse=True)
def untouched(monkeypatch):
    """Whoever edits minicloud while its tests run is not what is tested here."""
    monkeypatch.setattr(determinism, "code_digest", lambda folder: "")


def test_what_repeats_is_equal_and_what_does_not_is_named(tmp_path, monkeypatch, capsys):
    code, said = run(tmp_path, monkeypatch, capsys, SORTED, "--sample", "2")
    assert (code, said["differences"], said["runs"]) == (0, [], 3)
    monkeypatch.setattr(determinism, "RECYCLE", 2)
    code, said = run(tmp_path, monkeypatch, capsys, UNSORTED)
    assert code == 1
    assert said["differences"][0].startswith("lesson/fair: seed ")
    assert "differs between two processes of" in said["differences"][0]


def test_what_cannot_be_run_is_no_success(tmp_path, monkeypatch, capsys):
    code, said = run(tmp_path, monkeypatch, capsys, RAISES, "--sample", "6")
    assert code == 1
    assert "seed 0 cannot be run on" in said["differences"][0]
    assert "ValueError: no" in said["differences"][0]


def test_code_that_changes_meanwhile_shows_nothing(tmp_path, monkeypatch, capsys):
    digests = iter(["one", "other"])
    monkeypatch.setattr(determinism, "code_digest", lambda folder: next(digests))
    code, said = run(tmp_path, monkeypatch, capsys, SORTED, "--sample", "6")
    assert (code, said.split(": ")[1][:17]) == (2, "code has changed ")


def test_a_python_that_is_none(tmp_path, monkeypatch, capsys):
    code, said = run(tmp_path, monkeypatch, capsys, SORTED, "--pythons", "no-such-python")
    assert code == 2
    assert "no-such-python" in said


@pytest.mark.parametrize(
    ("imports", "pure"),
    [
        ("import json\nfrom minicloud import kv", True),
        ("from minicloud.check import x\nimport os.path", True),
        ("import httpx", False),
        ("def f():\n    from anyio import sleep", False),
        ("from . import helper", False),
    ],
)
def test_what_uses_minicloud_only(tmp_path, imports, pure):
    file = Path(tmp_path, "x.py")
    file.write_text(imports)
    assert determinism.is_pure(file) is pure


def test_seeds_are_spread_over_all_variants():
    found = determinism.subjects(determinism.ROOT / "scenarios", 10_000, 20)
    assert sum(len(one.seeds) for one in found) == 500
    sizes = [len(one.seeds) for one in found]
    assert max(sizes) - min(sizes) <= 1
    assert all(len(dict.fromkeys(one.seeds)) == len(one.seeds) for one in found)
