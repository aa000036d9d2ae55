"""Hypothesis drives a cluster of three and looks for a step after which a property is broken."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from raft_watch import Broken
from raft_world import World

from minicloud.protocols.raft import Members, Rules

NAMES = ("n1", "n2", "n3", "n4")
some = st.sampled_from(NAMES)


class Cluster(RuleBasedStateMachine):
    """The choices that the storms draw from a seed, made by Hypothesis."""

    obeyed = Rules()

    def __init__(self):
        super().__init__()
        self.world = World(0, voters=3, spare=1, rules=self.obeyed)
        self.world.disk_delay = 20
        self.world.run(60)
        self.commands = 0

    def up(self, name):
        host = self.world.hosts[name]
        return host if host.raft is not None else None

    @rule(ticks=st.integers(1, 30))
    def wait(self, ticks):
        self.world.run(ticks)

    @rule()
    def propose(self):
        for host in self.world.up():
            self.commands += 1
            self.world.propose(host, self.commands)
            self.world.read(host)

    @rule(name=some, ticks=st.integers(0, 3))
    def power_cut(self, name, ticks):
        if host := self.up(name):
            self.world.crash(host)
            self.world.run(ticks)
            self.world.boot(host)

    @rule(side=st.lists(some, max_size=2, unique=True))
    def separate(self, side):
        self.world.separate([side, [name for name in NAMES if name not in side]])

    @rule(name=some)
    def compact(self, name):
        if host := self.up(name):
            self.world.do(host, "compact", host.applied, host.machine.dump())

    @rule(name=some)
    def hand_over(self, name):
        if leader := self.world.leader():
            self.world.do(leader, "transfer", name)

    @rule(voters=st.lists(some, min_size=1, unique=True), joint=st.booleans())
    def change(self, voters, joint):
        if leader := self.world.leader():
            self.world.do(leader, "change", Members(tuple(voters)), joint=joint)


def look(examples, **rules):
    """Let Hypothesis look, without a database and always at the same examples."""
    machine = type("Cluster", (Cluster,), {"obeyed": Rules(**rules)})
    how = settings(
        max_examples=examples,
        stateful_step_count=25,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    run_state_machine_as_test(machine, settings=how)


def test_no_sequence_of_faults_breaks_a_property():
    look(60)


def test_hypothesis_finds_a_missing_rule():
    with pytest.raises(Broken):
        look(1500, log_up_to_date_check=False)
