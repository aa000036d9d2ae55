"""Weathers, each made for what some rule is for, and seeds that convict clusters without it."""

import random

from raft_chaos import Weather

from minicloud.protocols.raft import Settings

ONE = Settings(batch=1, window=1)
DRIFT = Settings(batch=4, window=8, max_drift=0.4)

# fmt: off
WEATHERS = {
    "mixed": Weather(),
    "three": Weather(voters=3),
    # New leaders die or are cut off before they have replicated much, an entry at a time.
    "figure-8": Weather(
        voters=3, settings=ONE, ambush=0.9, crash=3, boot=30, loss=0.1, slow=0, cut=3, heal=15,
        transfer=20, disk=2, quiet=10, ticks=300,
    ),
    "slow-disk": Weather(voters=3, disk=60, crash=25, boot=40),
    # Snapshots and copies of old messages everywhere.
    "snapshots": Weather(slow=0.6, copies=0.6, snapshots=0.8, loss=0.3),
    # Leaders are deposed behind their backs.
    "reads": Weather(voters=3, transfer=30, slow=0.3, crash=3),
    "lease-transfer": Weather(voters=3, lease=True, transfer=30, slow=0.3, crash=3),
    # The leader is alone, and clocks run at 0.6, 1 or 1.4.
    "lease-drift": Weather(
        voters=3, lease=True, drift=0.4, settings=DRIFT, slow=0, every=5, cut=0, alone=20, heal=8,
        transfer=0, crash=0, boot=0, quiet=90,
    ),
    # Every new leader changes the members at once, and the network splits again.
    "single": Weather(
        members="single", voters=4, spare=1, ambush=1, change=0, cut=0, heal=2, crash=0, boot=0,
        transfer=3, quiet=15, disk=2, slow=0, snapshots=0, copies=0, loss=0.02, ticks=500,
    ),
    "single-often": Weather(
        members="single", voters=3, spare=2, change=40, cut=15, alone=10, heal=15, crash=5,
        transfer=0,
    ),
    "joint": Weather(members="joint", voters=3, spare=2, change=40, cut=15, ticks=300),
}
# fmt: on


def swarm(seed):
    """A weather of its own for every seed: most kinds of trouble absent, the others at any rate."""
    draw = random.Random(f"weather {seed}").random

    def rate(most):
        return int(draw() * most) if draw() < 0.6 else 0

    kinds = ("crash", "cut", "transfer", "change", "alone", "link")
    return Weather(
        voters=2 + int(draw() * 4),
        spare=int(draw() * 3),
        members=("", "single", "joint")[int(draw() * 3)],
        lease=draw() < 0.5,
        settings=(ONE, Settings(batch=4, window=8), Settings(eager_commit=False))[int(draw() * 3)],
        ambush=draw() if draw() < 0.3 else 0,
        **{kind: rate(30) for kind in kinds},
        **{chance: rate(50) / 100 for chance in ("loss", "copies", "slow", "snapshots")},
    )


# Rule: the weather, a seed among its first 600 (the budget), and words of the conviction.
CONVICTED = {
    "commit_current_term_only": ("figure-8", 4, "leader completeness"),
    "log_up_to_date_check": ("mixed", 8, "leader completeness"),
    "append_truncates_only_on_conflict": ("mixed", 0, "its log ends at"),
    "commit_only_what_matched": ("snapshots", 0, "state machine safety"),
    "persist_before_send": ("slow-disk", 0, "leader completeness"),
    "vote_durable": ("slow-disk", 45, "election safety"),
    "read_confirms_leadership": ("reads", 2, "stale read"),
    "read_after_own_commit": ("mixed", 1, "stale read"),
    "lease_bound": ("lease-drift", 59, "stale read"),
    "lease_ends_on_transfer": ("lease-transfer", 2, "stale read"),
    "noop_before_membership_change": ("single", 249, "leader completeness"),
    "one_change_at_a_time": ("single-often", 8, "leader completeness"),
    "joint_both_majorities": ("joint", 163, "leader completeness"),
    "ignore_old_snapshots": ("snapshots", 4, "goes back"),
    "sessions": ("mixed", 0, "applied twice"),
}
