"""The guide's programs run, the checks in them hold, and its table of levels is true."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from chaos import in_cloud

from minicloud import kv
from minicloud.check import Verdict
from minicloud.cloud import run_cloud
from minicloud.errors import UsageError

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "store.md").read_text("utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
ENGINES = ("Single", "Raft", "Quorum", "PrimaryBackup", "Chain", "MultiLeader")
LEVELS = [*((level.value.replace("-", " "), level) for level in kv.Consistency)]
LEVELS.insert(2, ("bounded", kv.Bounded(seconds=1)))


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    name = f"store_guide_{number}"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)  # messages look their annotations up by module
    exec(compile(PROGRAMS[number], f"docs/store.md, program {number + 1}", "exec"), vars(module))
    run = run_cloud(module.main)
    assert run.exception is None
    assert run.verdict is Verdict.VALID
    assert run.history.operations()


def test_there_are_programs():
    assert len(PROGRAMS) == 6


async def offered(client, level):
    """Whether a read at a level is taken, whatever becomes of it."""
    try:
        await client.get("x", level=level, timeout=0.01)
    except UsageError:
        return False
    except kv.Unavailable:
        pass
    return True


def test_the_table_of_levels_says_what_each_engine_offers():
    async def main(cloud):
        lines = [f"| level | {' | '.join(f'`{name}`' for name in ENGINES)} |", "|---|" + ":-:|" * 6]
        clients = {name: cloud.start(getattr(kv, name)()).client(f"of-{name}") for name in ENGINES}
        for words, level in LEVELS:
            cells = [("✔" if await offered(clients[name], level) else "-") for name in ENGINES]
            lines.append(f"| {words} | {' | '.join(cells)} |")
        return "\n".join(lines)

    table = in_cloud(main)
    assert table in GUIDE, table
