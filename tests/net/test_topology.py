"""Places decide delays; a nature that is given holds for links to come; names may move."""

from statistics import median

import pytest
from helpers import MS, STEADY, Note, Peer, fates, peers, traced, value_of

from minicloud.net.distributions import Constant
from minicloud.net.places.presets import wan_rtt
from minicloud.net.profile import Profile
from minicloud.node.machine.spec import Machine
from minicloud.node.node import Node


def test_places_decide_delays():
    places = {"a": "us-east/a", "b": "us-east/a", "c": "us-east/b", "d": "eu-west/a", "e": ""}

    async def main(cloud):
        hosts = {name: cloud.node(Machine(name, zone=zone), Peer) for name, zone in places.items()}
        medians = {}
        for target in "bcde":
            sent = {}
            for n in range(400):
                sent[n] = cloud.now
                hosts["a"].peek.send(target, Note(n))
            await cloud.sleep(5)
            heard = hosts[target].peek.heard
            medians[target] = median(now - sent[n] for _, n, now in heard)
        return medians

    seen = value_of(main)
    assert seen["b"] < seen["c"] < seen["e"] < seen["d"], "a zone, a region, the default, an ocean"
    assert seen["d"] == pytest.approx(wan_rtt("us-east", "eu-west") / 2, rel=0.02)


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("what", ["all", "zones", "regions", "zone over region"])
def test_a_nature_that_is_given_does_not_depend_on_whether_the_link_was_used(used_before, what):
    async def main(cloud):
        a = cloud.node(Machine("a", zone="us-east/a"), Peer)
        b = cloud.node(Machine("b", zone="eu-west/b"), Peer)
        if used_before:
            a.peek.send("b", Note(0))
            await cloud.sleep(1)
        if what == "all":
            cloud.net.profile(STEADY)
        elif what == "zones":
            cloud.net.zones("us-east/a", "eu-west/b", STEADY)
        elif what == "regions":
            cloud.net.zones("eu-west", "us-east", STEADY)
        else:
            cloud.net.zones("us-east/a", "eu-west/b", STEADY)
            cloud.net.zones("eu-west", "us-east", Profile(delay=Constant(3)))
        sent = cloud.now
        a.peek.send("b", Note(1))
        await cloud.sleep(5)
        return round(b.peek.heard[-1][2] - sent, 6)

    assert value_of(main) == 10 * MS


def test_a_nature_for_some_links_leaves_the_others():
    async def main(cloud):
        a, b, c = peers(cloud, "abc")
        cloud.net.profile(Profile(delay=Constant(2.0)), source="a", target="b")
        a.peek.send("b", Note(1))
        a.peek.send("c", Note(2))
        b.peek.send("a", Note(3))
        await cloud.sleep(5)
        return [round(host.peek.heard[0][2], 6) for host in (a, b, c)]

    assert value_of(main) == [10 * MS, 2.0, 10 * MS]


def test_an_address_may_name_a_service_and_an_alias_moves_at_once(tmp_path):
    class Silent(Node):
        pass

    async def main(cloud):
        a, b, c = peers(cloud, "abc")
        a.peek.send("b/db", Note(1))
        cloud.net.alias("db", "b")
        a.peek.send("db/x", Note(2))
        cloud.net.alias("db", c)
        a.peek.send("db/x", Note(3))
        a.peek.send("nobody/db", Note(4))
        await cloud.sleep(1)
        return [[n for _, n, _ in host.peek.heard] for host in (b, c)]

    result, records = traced(main, tmp_path)
    assert result.value == [[1, 2], [3]]
    assert dict(fates(records))[4] == "no such address"
