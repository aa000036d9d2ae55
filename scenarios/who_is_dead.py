"""who-is-dead: three ways to tell the dead from the silent. Which of them kills the living?"""

from contextlib import ExitStack
from typing import Any

from minicloud import Cloud, breaks, holds, members, scenario


@scenario(
    swim=holds(),
    heartbeats=breaks("nobody_living_is_declared_dead", judged="heartbeats"),
    phi=breaks("nobody_living_is_declared_dead", judged="phi"),
    no_helpers=breaks("a_wire_accuses_nobody", indirect=False),
    no_suspicion=breaks("nobody_living_is_declared_dead", suspicion=False),
    no_refutation=breaks("nobody_living_is_declared_dead", refutation=False),
    no_rejoin=breaks("accuracy", rejoin=False),
)
async def who_is_dead(
    cloud: Cloud,
    *,
    judged: str = "swim",
    indirect: bool = True,
    suspicion: bool = True,
    refutation: bool = True,
    rejoin: bool = True,
    loss: float = 0.15,
) -> None:
    """A heartbeat is one member's word to one other. What if just that wire is bad?

    Three groups of five meet the same troubles at the same time. In the first everybody tells
    everybody "I live", once a second, and three seconds of silence are a death. In the second phi
    says how unlikely the silence is, from the intervals so far. The third is SWIM: each member
    pings one other a second, however many there are, and passes on what it hears.

    First the wire between two members breaks. Both heartbeat groups declare two deaths: who hears
    nothing can't know that all others hear well. SWIM asks three others to ping for it. Then a
    share of all messages is lost, and in each group somebody is silent for a while by bad luck. In
    SWIM he is only suspected: the news reaches him, and he objects with a higher incarnation
    number, before his time is over. Then one loses power: all groups notice, and SWIM is the last.
    In the end the group is cut in two for so long that each side buries the other, and after that
    they must find each other again.

    Leave out one rule and see whom it kills: `no_helpers`, `no_suspicion`, `no_refutation`; without
    `rejoin` the dead stay dead, as in the paper, however loudly they object.

    Try: --set loss=0.4, and look at the notes: no detector is never wrong on any network.
    """
    # the rule: ask others, suspect first, let the suspect object, let the dead come back
    rules = members.Rules(
        indirect=indirect, suspicion=suspicion, refutation=refutation, rejoin=rejoin
    )
    groups: dict[str, members.Group[Any]] = {
        "heartbeats": cloud.start(members.Heartbeat(name="beat", timeout=3.0)),
        "phi": cloud.start(members.Heartbeat(name="phi", detector="phi", threshold=8.0)),
        "swim": cloud.start(members.Swim(name="swim", suspicion=6.0, sync=10, rules=rules)),
    }
    group = groups[judged]
    cloud.check(members.completeness(group), members.accuracy(group))
    everybody = list(groups.values())
    await cloud.sleep(10)

    cloud.note("in each group the wire between the first and the second member breaks")
    with wires(cloud, everybody, 1, 2):
        await cloud.sleep(20)
    wire = [o for o in group.log if o.status != "alive"]
    tell(cloud, groups)
    await cloud.sleep(10)

    cloud.note(f"{loss:.0%} of all messages are lost")
    with cloud.net.loss(loss):
        await cloud.sleep(60)
    mistakes = group.mistakes()
    tell(cloud, groups)
    await cloud.sleep(10)

    cloud.note("the fifth member loses power")
    crashed = cloud.now
    for one in everybody:
        one.hosts[4].crash()
    await cloud.sleep(20)
    for name, one in groups.items():
        found = sorted(one.detected(one.hosts[4], crashed).values())
        cloud.note(
            f"{name}: {len(found)} of 4 noticed, the last after {max(found, default=0):.1f} s"
        )
        one.hosts[4].restart()
    await cloud.sleep(10)

    cloud.note("two are cut from three, and each side buries the other")
    with wires(cloud, everybody, 2, 5):
        await cloud.sleep(30)
    await cloud.sleep(50)

    def a_wire_accuses_nobody() -> None:
        assert not wire, f"{wire[0].by} held {wire[0].about} for {wire[0].status}"

    def nobody_living_is_declared_dead() -> None:
        assert not mistakes, f"{mistakes[0].by} declared {mistakes[0].about} dead, who lives"

    cloud.check(a_wire_accuses_nobody, nobody_living_is_declared_dead)


def wires(cloud: Cloud, groups: list[members.Group[Any]], left: int, right: int) -> Any:
    """In each group the first `left` members are cut from those up to `right`."""
    cut = ExitStack()
    for group in groups:
        cut.enter_context(cloud.net.partition(group.hosts[:left], group.hosts[left:right]))
    return cut


def tell(cloud: Cloud, groups: dict[str, members.Group[Any]]) -> None:
    """What each group made of it so far, and at what price."""
    for name, group in groups.items():
        sent = sum(host.sent for host in group.hosts) / len(group.hosts) / cloud.now
        suspected, dead = len(group.mistakes("suspect")), len(group.mistakes())
        cloud.note(
            f"{name}: living members suspected {suspected} times, declared dead {dead} times; "
            f"{sent:.1f} messages a second from each"
        )
