"""Promises: properties watched after every event, checks judged at the end, waits."""

import pytest
from helpers import STEADY, Note, Peer, Ping, peers, run, value_of

from minicloud.check.verdict import Judgement, Verdict
from minicloud.cloud import Limits, run_cloud
from minicloud.errors import UsageError
from minicloud.node.messages.handlers import handle


class Named:
    """A check of its own name and verdict."""

    def __init__(self, name, verdict):
        self.name, self.verdict = name, verdict

    def judge(self, history, *, timeout=30.0):
        self.seen = len(history), timeout
        return Judgement(verdict=self.verdict, why=f"it is {self.verdict.value}")


def results(main, **options):
    result = run(main, **options)
    return result.verdict, {c.name: (c.verdict, c.detail) for c in result.checks}


@pytest.mark.parametrize("words", [None, "five is too much"])
def test_a_broken_property_is_told_with_the_first_time_at_which_it_was(words):
    async def main(cloud):
        (b,) = peers(cloud, "b")
        a = cloud.client("a")

        @cloud.always
        def at_most_four():
            if words is None:
                return len(b.peek.heard) <= 4
            assert len(b.peek.heard) <= 4, words
            return None

        for n in range(10):
            a.send(b, Note(n))
            await cloud.sleep(1)
        b.peek.heard.clear()
        await cloud.sleep(1)

    verdict, checks = results(main)
    assert verdict is Verdict.INVALID
    told = "broken at 4.01 s" + (": five is too much" if words else "")
    assert checks["at_most_four"][0] is Verdict.INVALID
    assert checks["at_most_four"][1].splitlines()[0] == told


def test_a_property_is_looked_at_after_every_event_also_within_an_instant():
    """Broken by one message of an instant and mended by the next."""

    class Flicker(Peer):
        @handle
        def note(self, note: Note) -> None:
            self.on = note.n == 1

    async def main(cloud):
        b, a = cloud.node("b", Flicker, on=False), cloud.client("a")

        @cloud.always
        def off():
            return not b.peek.on

        cloud.net.profile(STEADY)
        a.send(b, Note(1))
        a.send(b, Note(2))
        await cloud.sleep(1)
        return b.peek.on

    result = run(main)
    assert result.value is False
    assert result.checks[0].detail == "broken at 0.01 s"


def test_what_a_task_breaks_between_events_is_seen_too():
    class Flicker(Peer):
        @handle
        async def note(self, note: Note) -> None:
            self.on = True
            await self.sleep(1)
            self.on = False

    async def main(cloud):
        b, a = cloud.node("b", Flicker, on=False), cloud.client("a")
        cloud.net.profile(STEADY)

        @cloud.always
        def off():
            return not b.peek.on

        a.send(b, Note(1))
        await cloud.sleep(5)

    assert run(main).checks[0].detail == "broken at 0.01 s"


def test_what_is_broken_in_the_last_step_is_seen_too():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.always
        def silence():
            return not b.peek.heard

        await cloud.sleep(1)
        b.peek.heard.append(1)

    verdict, checks = results(main)
    assert verdict is Verdict.INVALID
    assert checks["silence"][1] == "broken at 1 s"


def test_a_property_that_held_says_how_often_it_was_looked_at():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.always
        def fine():
            return True

        await cloud.client("a").call(b, Ping())
        return fine()

    result = run(main)
    assert result.value is True, "the decorator gives the function back"
    assert result.verdict is Verdict.VALID
    assert "looked at after " in result.checks[0].detail


def test_a_property_that_itself_fails_ends_the_run():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.always
        def broken():
            return b.peek.nothing > 1

        await cloud.sleep(1)
        cloud.client("a").send(b, Note())
        await cloud.sleep(1)

    result = run_cloud(main)
    assert (result.failure, result.verdict) == ("scenario", None)
    assert isinstance(result.exception, AttributeError)


def test_an_async_property_is_refused():
    async def main(cloud):
        with pytest.raises(UsageError, match="plain def"):

            @cloud.always
            async def never():
                return True

    run(main)


def test_until_goes_on_as_soon_as_its_condition_holds():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        a = cloud.client("a")
        cloud.start(send, cloud, a)
        times = []
        for count in (0, 1, 3):
            await cloud.until(lambda count=count: len(b.peek.heard) >= count)
            times.append(cloud.now)
        return times

    async def send(cloud, a):
        for n in range(4):
            a.send("b", Note(n))
            await cloud.sleep(1)

    assert value_of(main) == [0.0, 0.01, 2.01]


@pytest.mark.parametrize(("timeout", "in_time"), [(0.01, True), (0.009_999, False)])
def test_until_has_a_time_limit_and_what_comes_exactly_at_it_is_in_time(timeout, in_time):
    async def main(cloud):
        (b,) = peers(cloud, "b")
        cloud.client("a").send(b, Note())
        await cloud.until(lambda: bool(b.peek.heard), timeout=timeout)
        return cloud.now

    result = run_cloud(main)
    if in_time:
        assert result.value == 0.01
    else:
        assert result.verdict is Verdict.INVALID
        (check,) = result.checks
        assert check.name == "assertion"
        assert "did not hold in 0.009999 s" in check.detail


def test_until_takes_a_condition_that_asserts_and_one_that_is_falsy():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        cloud.client("a").send(b, Note())

        def heard():
            assert b.peek.heard

        await cloud.until(heard)
        first = cloud.now
        cloud.client("c").send(b, Note())
        await cloud.until(lambda: [n for sender, n, _ in b.peek.heard if sender == "c"])
        return first, cloud.now

    assert value_of(main) == (0.01, 0.02)


def test_several_untils_wait_at_once_and_an_always_beside_them():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        done = []

        @cloud.always
        def few():
            return len(b.peek.heard) < 2

        async def wait(count):
            await cloud.until(lambda: len(b.peek.heard) >= count)
            done.append((count, cloud.now))

        for count in (1, 2, 1):
            cloud.start(wait, count)
        for n in range(2):
            await cloud.sleep(1)
            cloud.client(f"a{n}").send(b, Note())
        await cloud.sleep(1)
        return sorted(done)

    result = run(main)
    assert result.value == [(1, 1.01), (1, 1.01), (2, 2.01)]
    assert result.checks[0].detail == "broken at 2.01 s"


def test_checks_are_judged_at_the_end_on_the_whole_history():
    late = Named("late", Verdict.VALID)

    async def main(cloud):
        cloud.check(late)
        await cloud.sleep(1)
        async with cloud.history.operation("read"):
            pass

    verdict, checks = results(main, check_timeout=7.0)
    assert verdict is Verdict.VALID
    assert checks == {"late": (Verdict.VALID, "it is valid")}
    assert late.seen == (2, 7.0)


def test_a_function_is_a_check_too():
    async def main(cloud):
        def good():
            assert True

        def bad():
            return False

        def worse():
            assert cloud.now > 5, "too early"

        cloud.check(good, bad, worse)
        await cloud.sleep(1)

    verdict, checks = results(main)
    assert verdict is Verdict.INVALID
    assert {name: (was, why.split("\n")[0]) for name, (was, why) in checks.items()} == {
        "good": (Verdict.VALID, ""),
        "bad": (Verdict.INVALID, ""),
        "worse": (Verdict.INVALID, "too early"),
    }


def test_what_is_no_check_is_refused():
    async def main(cloud):
        with pytest.raises(UsageError, match="linearizable"):
            cloud.check(True)

    run(main)


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [("", "unknown"), ("v", "valid"), ("vu", "unknown"), ("uiv", "invalid"), ("u", "unknown")],
)
def test_invalid_beats_unknown_beats_valid_and_nothing_checked_is_unknown(verdicts, worst):
    by = {"v": Verdict.VALID, "u": Verdict.UNKNOWN, "i": Verdict.INVALID}

    async def main(cloud):
        cloud.check(*[Named(f"c{i}", by[v]) for i, v in enumerate(verdicts)])

    assert run(main).verdict.value == worst


def test_a_limit_makes_valid_unknown_and_leaves_invalid():
    def scenario(verdict):
        async def main(cloud):
            cloud.check(Named("c", verdict))
            await cloud.sleep(100)

        return run_cloud(main, until=5)

    held = scenario(Verdict.VALID)
    assert (held.failure, held.verdict, held.virtual_s) == ("limit", Verdict.UNKNOWN, 5.0)
    assert scenario(Verdict.INVALID).verdict is Verdict.INVALID


@pytest.mark.parametrize("limits", [{"virtual_s": 0}, {"events": -1}, {"instant": 0}])
def test_a_limit_that_means_nothing_is_refused(limits):
    with pytest.raises(UsageError, match=next(iter(limits))):
        Limits(**limits)
