"""Every engine at the levels that it offers, under a swarm: a few seeds of `bench.levels`."""

import json
from concurrent.futures import ProcessPoolExecutor

import pytest

from bench import levels
from bench.levels_runs import ENGINES, STRONGER, Engine, Row, offered, run
from minicloud import kv

# Seeds at which the stronger check convicts, so that the weaker level is seen to be one.
WEAKER = {
    ("Raft", "monotonic-writes"): "session",
    ("PrimaryBackup sync", "eventual"): "read-your-writes",
    ("Chain", "sequential"): "linearizable",
}


def row(engine, level, seeds):
    found = Row(engine if isinstance(engine, str) else "broken", level)
    for seed in seeds:
        found.add(run(engine, level, seed))
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_keeps_its_strongest_level(engine):
    found = row(engine, offered(engine)[0], range(1))
    assert found.holds, found.why
    assert found.completed > 30


@pytest.mark.parametrize(("engine", "level"), WEAKER)
def test_a_weaker_level_is_really_weaker(engine, level):
    stronger = WEAKER[engine, level]
    assert stronger in STRONGER[level] or level == "eventual"
    found = Row(engine, level)
    for seed in range(12):
        found.add(run(engine, level, seed))
        if found.convicted.get(stronger):
            break
    assert found.holds, found.why
    assert stronger in found.weaker


def test_an_engine_without_its_rule_is_convicted():
    """The matrix can fail: a chain that answers from whatever is clean is not linearizable."""
    broken = Engine(lambda: kv.Chain(nodes=3, ask_tail=False))
    found = row(broken, "linearizable", range(6))
    assert not found.holds
    assert found.convicted["linearizable"] >= 1
    assert found.why


def test_what_may_never_happen_has_no_version():
    """At this seed an old head gives a place in vain, and another write gets its number."""
    assert row("Chain", "eventual", [153]).holds


def test_a_session_whose_write_was_lost_stays_refused_whatever_it_reads():
    assert row("PrimaryBackup async", "monotonic-writes", [807]).holds


def test_the_table_and_the_objects(capsys):
    arguments = ["--seeds", "1", "--engine", "Single", "--level", "session"]
    assert levels.main([*arguments, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["engine"], told["level"], told["seeds"]) == ("Single", "session", 1)
    assert (told["kept"], told["weaker_than"], told["convicted"]) == (True, [], {})
    assert levels.main(arguments) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[1].startswith("Single                   session              1 seeds")
    assert table[1].endswith("no: it is served as a stronger one")


def test_levels_that_are_served_alike_share_runs_and_differ_in_nothing(monkeypatch):
    names = ["sequential", "read-your-writes", "session"]
    with ProcessPoolExecutor(1) as pool:
        monkeypatch.setattr(levels, "PROBES", 4)
        shared = levels.rows_of(pool, "Raft", names, 6)
        monkeypatch.setattr(levels, "PROBES", 6)
        alone = levels.rows_of(pool, "Raft", names, 6)
    assert [row.shares for row in shared] == [None, None, "sequential"]
    assert [row.seeds for row in shared] == [6] * 3
    assert [(row.convicted, row.first, row.completed) for row in shared] == [
        (row.convicted, row.first, row.completed) for row in alone
    ]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_every_level_that_an_engine_offers_is_kept_in_many_seeds(engine):
    for level in offered(engine):
        found = row(engine, level, range(8))
        assert found.holds, (level, found.why, found.first)
