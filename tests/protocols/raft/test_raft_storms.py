"""Raft's safety holds under faults, and each rule that is switched off is convicted."""

import msgspec
import pytest
from raft_calm import deaf, one_link, returning
from raft_chaos import storm
from raft_weathers import CONVICTED, WEATHERS, swarm

from minicloud.protocols.raft import Rules

CALM = {"prevote": returning, "stickiness": one_link, "check_quorum": deaf}


@pytest.mark.parametrize("weather", WEATHERS)
def test_a_cluster_survives(weather):
    found = {seed: storm(seed, None, WEATHERS[weather]) for seed in range(12)}
    assert {seed: broken for seed, broken in found.items() if broken} == {}


@pytest.mark.slow
@pytest.mark.parametrize("weather", WEATHERS)
def test_a_cluster_survives_for_long(weather):
    found = {seed: storm(seed, None, WEATHERS[weather]) for seed in range(1000, 1100)}
    assert {seed: broken for seed, broken in found.items() if broken} == {}


def test_a_cluster_survives_a_swarm():
    found = {seed: storm(seed, None, swarm(seed)) for seed in range(40)}
    assert {seed: broken for seed, broken in found.items() if broken} == {}


@pytest.mark.slow
def test_a_cluster_survives_a_swarm_for_long():
    found = {seed: storm(seed, None, swarm(seed)) for seed in range(1000, 1200)}
    assert {seed: broken for seed, broken in found.items() if broken} == {}


@pytest.mark.parametrize("rule", CONVICTED)
def test_without_the_rule_a_seed_convicts(rule):
    weather, seed, words = CONVICTED[rule]
    broken = storm(seed, Rules(**{rule: False}), WEATHERS[weather])
    assert broken is not None
    assert words in broken
    assert storm(seed, None, WEATHERS[weather]) is None


@pytest.mark.parametrize("rule", CALM)
def test_without_the_rule_one_lasting_fault_disrupts(rule):
    episode = CALM[rule]
    assert [episode(seed) for seed in range(20)] == [None] * 20
    assert all(episode(seed, Rules(**{rule: False})) for seed in range(3))


def test_every_rule_is_convicted_somewhere():
    assert sorted([*CONVICTED, *CALM]) == sorted(msgspec.structs.asdict(Rules()))


def test_the_same_seed_is_the_same_episode():
    weather, seed, _ = CONVICTED["log_up_to_date_check"]
    rules = Rules(log_up_to_date_check=False)
    assert storm(seed, rules, WEATHERS[weather]) == storm(seed, rules, WEATHERS[weather])
