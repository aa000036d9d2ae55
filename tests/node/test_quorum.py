"""Quorums: distinct responders, early failure, and what comes after enough have answered."""

import pytest
import trio
from helpers import Peer, Ping, of, peers, traced, value_of

from minicloud.errors import OutcomeUnknown, QuorumFailed, Refused, UsageError
from minicloud.net.distributions import Constant
from minicloud.net.profile import Profile
from minicloud.node.messages.handlers import handle


class Moody(Peer):
    @handle
    def ping(self, ping: Ping) -> int:
        if self.name in self.no:
            raise Refused(f"not {self.name}")
        return ping.n


def moody(cloud, no=""):
    hosts = peers(cloud, "a")
    for name in "bcdef":
        hosts.append(cloud.node(name, Moody, no=no))
    return hosts


def distances(cloud):
    """b answers after 0.2 s, c after 0.4 s and so on."""
    for i, name in enumerate("bcdef", 1):
        cloud.net.profile(Profile(delay=Constant(0.1 * i)), source=name)
        cloud.net.profile(Profile(delay=Constant(0.1 * i)), target=name)


@pytest.mark.parametrize("need", [0, 1, 3, 5])
def test_it_waits_for_as_many_as_are_needed_and_no_more(need):
    async def main(cloud):
        a, *others = moody(cloud)
        distances(cloud)
        replies = await a.peek.quorum(others, Ping(7), need=need)
        return replies, round(cloud.now, 6)

    replies, now = value_of(main)
    assert replies == dict.fromkeys("bcdef"[:need], 7)
    assert now == pytest.approx(0.2 * need)


def test_one_node_counts_once_however_often_it_answers():
    async def main(cloud):
        a, *_ = moody(cloud)
        with cloud.net.duplicate(after=0.001):
            seen = [await a.peek.quorum(["b", "b", "c"], Ping(1), need=2)]
        with (
            cloud.net.duplicate(after=0.001),
            cloud.net.isolate("c"),
            pytest.raises(QuorumFailed, match="1 of 2 replies in 1 s"),
        ):
            await a.peek.quorum(["b", "c"], Ping(1), need=2, timeout=1)
        with pytest.raises(UsageError, match="quorum of 2 can't come from 1 nodes"):
            await a.peek.quorum(["b", "b"], Ping(), need=2)
        cloud.net.alias("vip", "b")
        with pytest.raises(UsageError, match="quorum of 2 can't come from 1 nodes"):
            await a.peek.quorum(["b", "b/db", "vip"], Ping(), need=2)
        return seen

    assert value_of(main) == [{"b": 1, "c": 1}]


def test_it_fails_early_when_it_cannot_be_reached_and_says_who_refused():
    async def main(cloud):
        a, *others = moody(cloud, no="bcd")
        distances(cloud)
        with pytest.raises(QuorumFailed) as caught:
            await a.peek.quorum(others, Ping(7), need=3, timeout=60)
        return caught.value, round(cloud.now, 6)

    error, now = value_of(main)
    assert now == 0.6, "d's refusal is the third: two of five are left"
    assert isinstance(error, OutcomeUnknown)
    assert error.definite is False
    assert error.replies == {}
    assert {name: str(no) for name, no in error.refusals.items()} == {
        "b": "not b", "c": "not c", "d": "not d",
    }  # fmt: skip
    for words in ("t.Ping", "0 of 3", "b: not b", "it may have happened"):
        assert words in str(error)


def test_a_few_refusals_are_no_failure():
    async def main(cloud):
        a, *others = moody(cloud, no="bc")
        distances(cloud)
        return await a.peek.quorum(others, Ping(7), need=3), round(cloud.now, 6)

    assert value_of(main) == ({"d": 7, "e": 7, "f": 7}, 1.0)


def test_time_that_runs_out_names_those_who_answered():
    async def main(cloud):
        a, *others = moody(cloud, no="b")
        distances(cloud)
        with pytest.raises(QuorumFailed) as caught:
            await a.peek.quorum(others, Ping(7), need=4, timeout=0.7)
        return caught.value.replies, list(caught.value.refusals), cloud.now

    assert value_of(main) == ({"c": 7, "d": 7}, ["b"], 0.7)


@pytest.mark.parametrize("need", [0, 2])
def test_the_others_are_not_cancelled_and_late_hears_of_them(need, tmp_path):
    async def main(cloud):
        a, *others = moody(cloud, no="d")
        distances(cloud)
        late = []
        await a.peek.quorum(
            others, Ping(7), need=need, late=lambda *seen: late.append((*seen, round(cloud.now, 6)))
        )
        before = list(late)
        await cloud.sleep(5)
        return before, late, others[-1].peek.no

    result, records = traced(main, tmp_path)
    before, late, _ = result.value
    assert before == []
    everyone = [("b", 7, 0.2), ("c", 7, 0.4), ("e", 7, 0.8), ("f", 7, 1.0)]
    assert late == everyone[need:]
    assert {r["fate"] for r in of(records, "fate")} == {"delivered"}


def test_after_its_time_nobody_hears_of_a_reply(tmp_path):
    async def main(cloud):
        a, *others = moody(cloud)
        distances(cloud)
        late = []
        await a.peek.quorum(others, Ping(), need=2, timeout=0.7, late=lambda *s: late.append(s[0]))
        await cloud.sleep(5)
        return late

    result, records = traced(main, tmp_path)
    assert result.value == ["d"]
    assert [r["fate"] for r in of(records, "fate")].count("late reply") == 2


def test_leaving_a_quorum_leaves_nothing_behind():
    async def main(cloud):
        a, *others = moody(cloud)
        distances(cloud)
        with trio.move_on_after(0.1):
            await a.peek.quorum(others, Ping(), need=3, timeout=2)
        await cloud.sleep(3)
        return a.incarnation.calls._pending, len(cloud._kernel.waits)

    assert value_of(main) == ({}, 0)


def test_what_late_raises_is_the_nodes_error():
    async def main(cloud):
        a, *others = moody(cloud)
        distances(cloud)
        await a.peek.quorum(others, Ping(), need=1, late=lambda name, reply: 1 / 0)
        await cloud.sleep(2)
        return [(u.incarnation, type(u.error)) for u in cloud._world.unexpected]

    assert value_of(main) == [("a.1", ZeroDivisionError)] * 4


def test_a_node_that_has_crashed_and_come_back_may_still_answer():
    async def main(cloud):
        a, b, *_ = moody(cloud)
        distances(cloud)
        b.restart()
        asked = {}

        async def ask():
            asked.update(await a.peek.quorum(["b", "c"], Ping(3), need=2))

        cloud.start(ask)
        await cloud.sleep(0.05)
        b.restart()
        await cloud.sleep(1)
        return asked

    assert value_of(main) == {"b": 3, "c": 3}
