"""Runs small projects with the plugin, in this process or in one of their own."""

from __future__ import annotations

import subprocess
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

# Imported before pytester takes its picture of sys.modules: an inner run would load them anew.
import hypothesis  # noqa: F401
import pytest
import trio  # noqa: F401

import minicloud.testing.plugin
import minicloud.testing.running

ROOT = Path(minicloud.__file__).parents[1]
INSTALLED = any(each.value == "minicloud.testing.plugin" for each in entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "minicloud.testing.plugin")
ALONE = ("-p", "no:trio", "-p", "no:asyncio", "-p", "no:anyio", "-p", "no:hypothesispytest")
INI = """
[pytest]
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""


class Project:
    """A folder of tests, and pytest run in it."""

    root = ROOT
    alone = ALONE

    def __init__(self, pytester, monkeypatch):
        self.pytester = pytester
        self.path = pytester.path
        self.env = monkeypatch
        # pytest and Hypothesis write and choose otherwise where these are set.
        for name in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "FORCE_COLOR", "PY_COLORS"):
            monkeypatch.delenv(name, raising=False)
        if not INSTALLED:
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.ini()

    def ini(self, *lines):
        self.path.joinpath("pytest.ini").write_text(INI + "\n".join(lines) + "\n")

    def write(self, source, name="test_it.py"):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))

    def run(self, *args, apart=False):
        run = self.pytester.runpytest_subprocess if apart else self.pytester.runpytest_inprocess
        return run(*PLUGIN, "-p", "no:cacheprovider", *args)

    def test(self, source, *args, **options):
        self.write(source)
        return self.run(*args, **options)

    def run_ids(self, source):
        """Write the tests, and list the node ids that pytest collects of them."""
        result = self.test(source, "--collect-only", "-q")
        return [line for line in result.outlines if "::" in line]

    def seeds(self):
        """What the tests wrote with `log(cloud)`, as a list of numbers."""
        return [int(line) for line in self.path.joinpath("seeds.txt").read_text().split()]


@pytest.fixture
def project(pytester, monkeypatch):
    return Project(pytester, monkeypatch)


@pytest.fixture
def repeat_of():
    def parse(result):
        """What a shell makes of the line that repeats (the last one): the words after `pytest`."""
        lines = [line for line in result.outlines if line.startswith("repeat: pytest ")]
        command = "printf '%s\\n' " + lines[-1].removeprefix("repeat: pytest ")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return parse
