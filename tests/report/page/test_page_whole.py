"""The whole page: nothing of a run becomes markup, and the same run gives the same bytes."""

import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from handmade import MS, Made, S, read_page, unpacked

from minicloud.errors import UsageError
from minicloud.report.page import PAGE, page_of, write_page

NASTY = "</script><img onerror=alert(1) src=x>@@SCRIPT@@<!--"
SCENARIO = Path(__file__).resolve().parents[3] / "scenarios" / "double_charge.py"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.title, self._in = [], "", ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self._in = tag

    def handle_data(self, data):
        self.title += data if self._in == "title" else ""

    def handle_endtag(self, tag):
        self._in = ""


def nasty(path):
    made = Made(path, scenario=NASTY, target=NASTY, lesson=NASTY)
    made.params = {"n": NASTY}
    made.boot(NASTY, "alice")
    made.op("alice", 1 * S, 2 * S, f=NASTY, key=NASTY, value=NASTY, service=NASTY)
    made.send("alice", NASTY, 1 * S + MS, kind=NASTY, payload={NASTY: NASTY})
    made.fault(NASTY, NASTY, "begin", 3 * S, f"hosts=('{NASTY}',)")
    made.show(NASTY, 4 * S, role=NASTY)
    made.add("note", 5 * S, text=NASTY)
    made.checks = [{"name": NASTY, "verdict": "invalid", "detail": NASTY}]
    return made.folder()


def test_what_users_write_is_no_markup(tmp_path):
    harmless = Made(tmp_path / "harmless")
    harmless.boot("alice")
    page, plain = page_of(nasty(tmp_path / "nasty")), page_of(harmless.folder())
    tags, usual = Tags(), Tags()
    tags.feed(page.decode())
    usual.feed(plain.decode())
    assert tags.seen == usual.seen, "not an element more, whatever users write"
    assert NASTY in tags.title
    data = unpacked(page)
    assert data["header"]["scenario"] == "made"
    assert NASTY in data["strings"]
    assert data["header"]["lesson"] == NASTY


def test_a_page_forbids_everything_from_outside(tmp_path):
    tags = Tags()
    tags.feed(page_of(nasty(tmp_path / "run")).decode())
    policies = [
        a["content"] for t, a in tags.seen if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies
    assert policies[0].startswith("default-src 'none';")
    # The loader and the program, by their digests: no other script runs, wherever it came from.
    scripts = re.search(r"script-src ([^;]*);", policies[0])[1].split()
    assert len(scripts) == 2
    assert all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", name) for name in scripts)
    assert not [a for _, a in tags.seen if "src" in a or str(a.get("href", "#"))[0] != "#"]


def test_the_bytes_say_neither_when_nor_where(tmp_path):
    one, other = nasty(tmp_path / "one"), nasty(tmp_path / "two" / "other")
    assert page_of(one) == page_of(other)
    assert str(tmp_path) not in json.dumps(read_page(one))


RUN = """
import hashlib, sys
from minicloud.cli import main
assert main(["run", sys.argv[1], "--variant", "naive", "--out", sys.argv[2]]) == 1
"""


def test_two_processes_write_the_same_bytes(tmp_path):
    digests = []
    for seed in ("1", "4242"):
        root = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        words = [sys.executable, "-c", RUN, str(SCENARIO), str(root)]
        subprocess.run(words, env=environment, check=True, capture_output=True, cwd=tmp_path)
        (folder,) = root.glob("*/*")
        digests.append(
            {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}
        )
    assert PAGE in digests[0]
    assert digests[0] == digests[1]


def test_a_run_without_anything_has_a_page(tmp_path):
    made = Made(tmp_path / "run")
    made.result = {"verdict": None, "error": "no"}
    data = read_page(made.folder())
    assert data["events"]["t"] == []
    assert data["lanes"] == []
    assert [m["kind"] for m in data["moments"]] == ["end"]


def test_a_run_of_an_older_version_has_a_page(tmp_path):
    made = Made(tmp_path / "run", variant="naive", until=3.5, cut="r1/after/2")
    made.params = {"fencing": False}
    header = read_page(made.folder())["header"]
    cut = "--cut r1/after/2 --seed 7"
    words = f"--variant naive --set fencing=false --until 3.5 {cut}"
    assert header["repeat"] == f"minicloud run made {words}"
    made.about |= {"options": ["--variant", "naive"]}
    header = read_page(made.folder())["header"]
    assert header["repeat"] == f"minicloud run made --variant naive {cut}"


@pytest.mark.parametrize(
    ("verdict", "checks", "reason"),
    [
        ("valid", ["valid"], "c0 holds"),
        ("valid", ["valid", "valid"], "every one of 2 checks holds"),
        ("invalid", ["valid", "invalid"], "c1: because"),
        ("unknown", ["unknown", "valid", "unknown"], "c0: because; and 1 more"),
        ("unknown", [], "nothing was checked"),
    ],
)
def test_the_reason_is_a_sentence(tmp_path, verdict, checks, reason):
    made = Made(tmp_path / "run")
    made.result["verdict"] = verdict
    made.checks = [
        {"name": f"c{n}", "verdict": v, "detail": "because"} for n, v in enumerate(checks)
    ]
    assert read_page(made.folder())["header"]["reason"] == reason


def test_a_folder_that_cannot_be_written_keeps_its_old_page(tmp_path, monkeypatch):
    folder = Made(tmp_path / "run").folder()
    write_page(folder)
    before = (folder.path / PAGE).read_bytes()

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match=r"report\.html cannot be written: No space left"):
        write_page(folder)
    assert (folder.path / PAGE).read_bytes() == before
    assert not list(folder.path.glob(".*"))


def test_the_code_of_a_page_fits_its_budget(tmp_path):
    page = page_of(Made(tmp_path / "run").folder()).decode()
    code = re.sub(r'<script id="run".*?</script>', "", page, flags=re.DOTALL)
    assert len(code.encode()) <= 100_000
