"""The programs in a guide of docs/: taken out, and run in a cloud of their own."""

import re
import sys
from pathlib import Path
from types import ModuleType

from minicloud.check import Verdict
from minicloud.cloud import run_cloud

DOCS = Path(__file__).resolve().parents[2] / "docs"


def text_of(guide):
    return (DOCS / f"{guide}.md").read_text("utf-8")


def programs_of(guide):
    return re.findall(r"```python\n(.*?)```", text_of(guide), re.DOTALL)


def run_program(guide, number, monkeypatch, *, operations=True):
    """Run one; what it asserts holds, and its checks do not convict."""
    name = f"{guide}_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)  # messages look their annotations up by module
    source = f"docs/{guide}.md, program {number + 1}"
    exec(compile(programs_of(guide)[number], source, "exec"), vars(module))
    run = run_cloud(module.main)
    if run.exception is not None:
        raise run.exception
    assert run.verdict is not Verdict.INVALID
    assert bool(run.history.operations()) is operations
    return run
