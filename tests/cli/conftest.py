"""Throwaway scenarios in a folder of their own, and the command line called in this process."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from minicloud.cli import main

HEAD = """\
from minicloud import Cloud, breaks, holds, scenario
from minicloud.check import Judgement, Verdict


class Says:
    def __init__(self, name, verdict):
        self.name, self.verdict = name, Verdict(verdict)

    def judge(self, history, *, timeout=30.0):
        return Judgement(verdict=self.verdict, why=f"it is {self.verdict.value}")

"""

SCENARIOS = {
    "twins": '''
@scenario(safe=holds(rule=True), naive=breaks("promise", rule=False))
async def twins(cloud: Cloud, *, rule: bool = True, cut_s: float = 43.0, n: int = 1) -> None:
    """A promise that one rule keeps. There is more to it.

    A second paragraph.
    """
    await cloud.sleep(cut_s)
    # the rule
    if rule:
        cloud.note("the rule holds")
    cloud.check(Says("promise", "valid" if rule else "invalid"))
''',
    "raises": """
@scenario()
async def raises(cloud: Cloud) -> None:
    print("hello from the scenario")
    await cloud.sleep(1)
    raise ValueError("the lesson is broken")
""",
    "unsure": """
@scenario(fair=holds())
async def unsure(cloud: Cloud) -> None:
    cloud.check(Says("promise", "unknown"), Says("other", "valid"))
""",
    "unchecked": """
@scenario(fair=holds())
async def unchecked(cloud: Cloud) -> None:
    await cloud.sleep(1)
""",
    "other_reason": """
@scenario(naive=breaks("promise"))
async def other_reason(cloud: Cloud) -> None:
    cloud.check(Says("promise", "valid"), Says("another", "invalid"))
""",
    "asserts": """
@scenario(naive=holds())
async def asserts(cloud: Cloud) -> None:
    cloud.check(Says("promise", "valid"))
    await cloud.sleep(1)
    assert 1 + 1 == 3, "sums are off"
""",
    "misjudged": """
from minicloud.check import linearizable

@scenario(fair=holds())
async def misjudged(cloud: Cloud) -> None:
    async with cloud.history.operation("dance", key="x") as op:
        await cloud.sleep(1)
    cloud.check(linearizable("register"))
""",
    "by_seed": """
@scenario(fair=holds())
async def by_seed(cloud: Cloud) -> None:
    print("noise")
    verdict = {0: "valid", 1: "invalid", 2: "unknown"}.get(cloud.seed, "valid")
    cloud.check(Says("promise", verdict))
    if cloud.seed == 5:
        raise RuntimeError("seed five")
""",
    "dies": """
import os

@scenario(fair=holds())
async def dies(cloud: Cloud) -> None:
    cloud.check(Says("promise", "valid"))
    if cloud.seed == 3:
        os._exit(9)
""",
    "wall_clock": """
import time

from minicloud import Node, Request, handle

class Tell(Request[None]):
    at: float

class Listener(Node):
    @handle
    def tell(self, request: Tell) -> None: ...

@scenario(fair=holds())
async def wall_clock(cloud: Cloud) -> None:
    listener, alice = cloud.node("listener", Listener), cloud.client("alice")
    await cloud.sleep(1)
    await alice.call(listener, Tell(time.time()), timeout=1.0)
    cloud.check(Says("promise", "valid"))
""",
    "set_order": """
from minicloud import Node, Request, handle

class Hello(Request[None]):
    pass

class Listener(Node):
    @handle
    def hello(self, request: Hello) -> None: ...

@scenario(fair=holds())
async def set_order(cloud: Cloud) -> None:
    names = {"anna", "bert", "carl", "dora"}
    for name in sorted(names):
        cloud.node(name, Listener)
    alice = cloud.client("alice")
    for name in names:
        await alice.call(name, Hello(), timeout=1.0)
    cloud.check(Says("promise", "valid"))
""",
}


class Said(NamedTuple):
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the scenarios above in ./scenarios."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("scenarios").mkdir()
    for name, text in SCENARIOS.items():
        Path("scenarios", f"{name}.py").write_text(HEAD + text)
    return tmp_path


@pytest.fixture
def cli(here, capsys):
    """Run one command line in this process."""

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return call
