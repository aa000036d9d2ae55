"""README shows what really comes out, and its example is a test that passes."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from minicloud.report.strips import strips
from minicloud.scenario import run

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_the_picture_is_the_one_that_the_first_command_prints():
    result = run("cap-in-one-picture")
    picture = strips(result.history, result.bands, result.virtual_s)
    assert "\n".join("    " + line for line in picture) in README
    assert result.digest[:8] in README
    assert f"{result.events:,} events" in README


def test_the_example_is_a_test_that_passes(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "test_bank.py").write_text(code, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bank.py"]
    if not any(e.value == "minicloud.testing.plugin" for e in entry_points(group="pytest11")):
        command += ["-p", "minicloud.testing.plugin"]  # a tree that was never installed
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_every_guide_that_it_names_is_there():
    root = Path(__file__).parent.parent
    names = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(names) >= 5
    assert [name for name in names if not (root / name).exists()] == []
