"""raft-rules: eighteen rules make Raft safe. Which of them could one leave out?"""

from contextlib import suppress
from typing import Any

from minicloud import CallError, Cloud, Load, Machine, breaks, dist, holds, kv, nemesis, scenario
from minicloud.check import linearizable


@scenario(
    all_rules=holds(),
    five=holds(nodes=5),
    no_log_up_to_date_check=breaks("raft_safety", rule="log_up_to_date_check", storm=1),
    no_append_truncates_only_on_conflict=breaks(
        "raft_safety", rule="append_truncates_only_on_conflict"
    ),
    no_ignore_old_snapshots=breaks("raft_safety", rule="ignore_old_snapshots", storm=20),
    no_commit_only_what_matched=breaks("raft_safety", rule="commit_only_what_matched"),
    no_persist_before_send=breaks("raft_safety", rule="persist_before_send"),
    no_read_after_own_commit=breaks("linearizable", rule="read_after_own_commit", storm=1),
    no_sessions=breaks("linearizable", rule="sessions"),
)
async def raft_rules(
    cloud: Cloud, *, rule: str = "", nodes: int = 3, storm: int = 0, lasts: float = 4.0
) -> None:
    """None. Take away any one rule, and some seed shows what it was for.

    The store, its clients, and trouble of every kind that a majority survives. Each run draws its
    own: how reads are made sure of, how slow disks and links are, how long the log may grow,
    whether the lead is handed over or members come and go; and the swarm draws the faults. After
    every event the five properties of the paper's Figure 3 are looked at: one leader a term,
    leaders only add to their logs, equal index and term mean equal logs, new leaders have all that
    was committed, and nobody applies anything else in its place. The history must be linearizable.

    `rule` names the one to leave out, as `kv.Rules` spells it. The log rules are convicted by the
    properties; those of reads and sessions by the clients, who see an old value after a new one,
    or an old write twice. The other rules need rarer moments, and have lessons of their own:
    figure-eight, partial-partition, two-joint-one-noop, raft-ambush. `storm` numbers other runs.

    Try: minicloud sweep raft-rules --set rule=sessions --seeds 0..199
    """
    # the rule: all of them
    rules = kv.Rules(**{rule: False}) if rule else kv.Rules()
    fixed: dict[str, Any] = WEATHERS.get(rule, {})

    def draw(name: str, *choices: Any) -> Any:
        if name in fixed or len(choices) == 1:
            return fixed.get(name, choices[0])
        return cloud.random.knob(f"{name}{storm or ''}", *choices)

    lasts = draw("lasts", lasts)
    reads = draw("reads", "index", "index", "lease", "log")
    window = draw("window", 4, 16, 256)
    drawn = {
        "read_from": draw("read_from", "leader", "any"),
        "snapshot_every": draw("snapshot_every", 3, 20, 1000),
        "eager_commit": draw("eager_commit", True),
        "machine": Machine("", disk_sync=draw("disk_sync", 0.001, 0.005, 0.02)),
    }
    drawn |= {"reads": reads, "window": window, "batch": min(window, 64), "max_drift": 0.02}
    store = cloud.start(kv.Raft(nodes=nodes, spares=1, keep=0, rules=rules, **drawn))
    cloud.net.profile(dist.Profile(delay=dist.Exponential(draw("delay", 0.001, 0.005, 0.02))))
    cloud.always(kv.raft_safety(store))
    cloud.check(linearizable(store))
    await cloud.sleep(storm / 64)
    load = cloud.start(Load(store, clients=3, keys=2, per_s=30, timeout=1.0))
    if draw("transfers", False, True):
        cloud.start(hand_over, cloud, store, lasts)
    if how := draw("members", "", "", "joint", "single"):
        cloud.start(reform, cloud, store, lasts, how)
    kinds = draw("kinds", tuple(name for name, kind in nemesis.KINDS.items() if kind.safe))
    if reads == "lease":  # a suspended machine's clock stands still, which no lease survives
        kinds = tuple(kind for kind in kinds if kind != "pause")
    trouble = nemesis.Swarm(kinds=kinds, lasts=lasts, faults_per_s=draw("faults", 1.0, 3.0, 8.0))
    with cloud.inject(trouble) as chaos:
        await chaos.finished()
    await load.finish(within=5)
    await store.client("last").get("k", timeout=30)


CALM: dict[str, Any] = {"transfers": False, "members": "", "snapshot_every": 1000}
LONG = {**CALM, "lasts": 8.0}
CRASHES = {**LONG, "kinds": ("crash-torn",), "faults": 6.0}
WEATHERS = {
    "commit_only_what_matched": {
        **LONG, "kinds": ("partition-halves",), "faults": 2.0, "delay": 0.05, "snapshot_every": 3,
    },
    "persist_before_send": {**CRASHES, "disk_sync": 0.1, "delay": 0.005},
    "read_after_own_commit": {
        **CRASHES, "transfers": True, "delay": 0.05, "eager_commit": False, "reads": "index",
    },
    "sessions": {**CALM, "kinds": ("link-loss", "link-delay", "crash"), "faults": 6.0},
}  # fmt: skip
"""What is not drawn where a rule is left out, since it shows only in such weather."""


async def hand_over(cloud: Cloud, store: kv.RaftStore, lasts: float) -> None:
    dice = cloud.random.stream("transfers")
    while cloud.now < lasts:
        await cloud.sleep(dice.uniform(0.1, 0.8))
        with suppress(CallError):
            await store.transfer(dice.choice(store.members.voters), timeout=0.5)


async def reform(cloud: Cloud, store: kv.RaftStore, lasts: float, how: str) -> None:
    """One server goes, or one that was away comes back, whatever is under way."""
    dice, operator = cloud.random.stream("members"), cloud.client("operator")
    while cloud.now < lasts:
        await cloud.sleep(dice.uniform(0.02, 0.4))
        name, leader = dice.choice(store.hosts).name, store.leader
        now = () if leader is None else leader.peek.raft.members.voters
        voters = tuple(n for n in now if n != name) if name in now else (*now, name)
        if len(voters) >= 2:
            wish = kv.raft.Reform(voters, joint=how == "joint", caught_up=False)
            cloud.start(ask, operator, leader, wish)


async def ask(operator: Any, leader: Any, wish: kv.raft.Reform) -> None:
    with suppress(CallError):
        await operator.call(leader, wish, timeout=0.5)
