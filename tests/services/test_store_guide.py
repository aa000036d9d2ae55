"""The guide's programs run, the checks in them hold, and its table of levels is true."""

import pytest
from chaos import in_cloud
from guides import programs_of, run_program, text_of

from minicloud import kv
from minicloud.check import Verdict
from minicloud.errors import UsageError

GUIDE = text_of("store")
ENGINES = ("Single", "Raft", "Quorum", "PrimaryBackup", "Chain", "MultiLeader")
LEVELS = [*((level.value.replace("-", " "), level) for level in kv.Consistency)]
LEVELS.insert(2, ("bounded", kv.Bounded(seconds=1)))


@pytest.mark.parametrize("number", range(6))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    run = run_program("store", number, monkeypatch)
    assert run.verdict is Verdict.VALID


def test_there_are_programs():
    assert len(programs_of("store")) == 6


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
