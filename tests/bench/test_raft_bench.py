"""The sweep over Raft says what it found, and every rule has a place where it is convicted."""

import json

import pytest

from bench import raft, raft_service, raft_values
from minicloud.scenario.loading import load


def test_a_few_seeds_of_both_levels_are_rows_of_json(capsys):
    assert raft.main(["--seeds", "3", "--nodes", "3", "--json"]) == 0
    values, service = json.loads(capsys.readouterr().out)
    assert (values["level"], values["nodes"], values["seeds"], values["broken"]) == (
        ("values", 3, 3, [])
    )
    assert (service["level"], service["broken"], service["unknown"]) == ("service", [], [])
    assert 0 < service["ok"] <= service["operations"]


def test_clusters_of_five_values_are_safe():
    assert raft_values.sweep(5, 0, 10) == []


def test_stores_of_five_are_safe():
    done = raft_service.sweep(5, 0, 2)
    assert (done["broken"], done["unknown"]) == ([], [])


def test_a_missing_rule_is_convicted_at_both_levels(monkeypatch):
    monkeypatch.setattr(raft_service, "SHRINK_S", 1.0)
    rule = "append_truncates_only_on_conflict"
    assert raft_values.convict(rule)["seed"] == 0
    found = raft_service.convict(rule)
    assert found["seed"] < 10
    assert found["after"]["operations"] <= found["before"]["operations"]


def test_every_rule_has_a_variant_of_a_lesson_that_leaves_it_out():
    assert set(raft_service.CASES) <= set(raft_values.rules())
    for rule in raft_values.rules():
        name, variant = raft_service.CASES.get(rule, ("raft_rules", f"no_{rule}"))
        stated = load(raft_service.SCENARIOS / f"{name}.py").variants[variant]
        assert stated.verdict.value == "invalid", rule
        assert stated.params.get("rule", rule) == rule


@pytest.mark.parametrize("words", [["--seeds", "0"], ["--jobs", "0"], ["--nodes", "1"]])
def test_a_wrong_number_is_answered_by_a_sentence(words, capsys):
    with pytest.raises(SystemExit) as ended:
        raft.main(words)
    assert ended.value.code == 2
    assert "give at least 1 seed, 1 job and 2 nodes" in capsys.readouterr().err


def test_who_is_elected_by_a_vote_that_comes_too_late_breaks_nothing():
    """At this seed one leads term 2 when term 3 has already committed."""
    assert raft_service.sweep(5, 6524, 1)["broken"] == []
