"""When properties are looked at, what that costs, and what becomes of one that raises."""

import pytest
from flags import flips, named, property_of
from helpers import Note, Ping, peers, run

from minicloud.cloud import run_cloud
from minicloud.errors import UsageError
from minicloud.kernel.records import read_trace

# Samples.


def test_every_samples_at_once_and_then_each_so_many_seconds():
    seen = []

    async def main(cloud):
        peers(cloud, "b")
        await cloud.sleep(0.25)

        @cloud.always(every=0.5)
        def sampled():
            seen.append(cloud.now)

        a = cloud.client("a")
        for _ in range(40):
            a.send("b", Note())
            await cloud.sleep(0.05)

    found, detail, _ = property_of(main)
    # The last look of all comes with the end.
    assert seen == [0.25, 0.75, 1.25, 1.75, 2.25, pytest.approx(2.25)]
    assert (found, detail) == ("valid", "looked at 6 times since 0.25 s, every 0.5 s")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("always", "broken at 4 s"),
        ("never", None),
        ("sometimes", "sometimes: first at 1 s"),
        ("eventually", "held at 1 s, of 9 s"),
        ("leads_to", "dark followed, after 3 s at the longest"),
    ],
)
def test_every_kind_samples_and_misses_what_lies_between(kind, told):
    async def main(cloud):
        lit = flips(cloud, 0.5, 3.5, 5.25, 5.75)
        dark = named("dark", lambda: not lit())
        if kind == "always":
            await cloud.sleep(1)
            cloud.always(every=1)(lit)
        elif kind == "never":
            await cloud.sleep(4)
            cloud.never(every=1)(lit)  # between 5 and 6 only
        elif kind == "sometimes":
            cloud.sometimes(every=1)(lit)
        elif kind == "eventually":
            cloud.eventually(within=9, every=1)(lit)
        else:
            cloud.leads_to(dark, within=9, every=1)(lit)
        await cloud.sleep(10 - cloud.now)

    found, detail, _ = property_of(main)
    assert found == ("invalid" if kind == "always" else "valid")
    assert told is None or detail == told


def test_samples_hide_no_deadlock():
    async def main(cloud):
        cloud.always(every=1)(named("one", lambda: True))
        cloud.always(every=0.7)(named("two", lambda: True))
        (b,) = peers(cloud, "b")
        await cloud.client("a").call(b, Ping())
        b.pause(freeze_clock=True)
        await cloud.client("c").call(b, Ping(), timeout=None)

    result = run_cloud(main)
    assert result.failure == "deadlock"
    # Up to the time limit of the first call, which was called off, the clock has something to do.
    assert result.virtual_s <= 6


def test_samples_go_on_beside_one_another_as_long_as_anything_is_to_come():
    seen = {"one": 0, "two": 0}

    async def main(cloud):
        def count(name):
            seen[name] += 1

        cloud.always(every=1)(named("one", lambda: count("one")))
        cloud.always(every=0.25)(named("two", lambda: count("two")))
        await cloud.sleep(3.9)

    run(main)
    assert seen == {"one": 4 + 1, "two": 16 + 1}


# What all have in common.


def test_properties_leave_the_digest_alone():
    async def main(cloud, *, watched):
        peers(cloud, "bc")
        a = cloud.client("a")
        if watched:
            cloud.always(lambda: True)
            cloud.never(every=0.001)(lambda: False)
            cloud.sometimes(lambda: False)
            cloud.eventually(within=0.5)(lambda: False)
            cloud.leads_to(lambda: True, within=0.01)(lambda: True)
        for n in range(20):
            a.send("bc"[n % 2], Note(n))
            await a.call("b", Ping())

    plain, watched = (run(lambda cloud, w=w: main(cloud, watched=w)) for w in (False, True))
    assert plain.digest == watched.digest
    assert plain.events < watched.events


def test_a_property_costs_one_call_an_event_and_none_once_it_is_broken():
    looks = []

    async def main(cloud):
        on = flips(cloud, 5)

        @cloud.never
        def happens():
            looks.append(cloud.now)
            return on()

        peers(cloud, "b")
        a = cloud.client("a")
        for _ in range(10):
            a.send("b", Note())
            await cloud.sleep(1)

    run(main)
    assert looks[-1] == 5.0
    assert len(looks) == len(looks[: looks.index(5.0)]) + 1
    # Once after each event, and once after each turn that the tasks had.
    assert len(looks) < 30


def test_a_property_declared_in_mid_run_is_about_what_comes_after():
    async def main(cloud):
        on = flips(cloud, 1, 2, 8, 9)
        await cloud.sleep(5)
        cloud.never(named("late", on))
        if cloud.seed:
            await cloud.sleep(2)
        else:
            await cloud.sleep(10)

    assert property_of(main)[:2] == ("invalid", "happened at 8 s")
    found, detail, _ = property_of(main, seed=1)
    assert found == "valid"
    assert detail.endswith(" since 5 s")


def test_a_property_that_raises_says_which_when_and_where():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.never
        def stale():
            return b.peek.nothing > 1

        cloud.client("a").send(b, Note())
        await cloud.sleep(1)

    result = run_cloud(main)
    assert (result.failure, result.verdict) == ("scenario", None)
    assert isinstance(result.exception, AttributeError)
    assert result.error.endswith("has no attribute 'nothing' (in property stale at 0 s)")
    lines = [frame.tb_lineno for frame in traceback_of(result.exception)]
    assert stale_line() in lines


def traceback_of(error):
    frame = error.__traceback__
    while frame is not None:
        yield frame
        frame = frame.tb_next


def stale_line():
    with open(__file__) as source:  # noqa: PTH123 - its own text
        return next(n for n, line in enumerate(source, 1) if "b.peek.nothing > 1" in line)


@pytest.mark.parametrize("when", ["in mid-run", "in the last step"])
def test_a_property_that_looks_into_a_host_that_is_down_is_no_silent_pass(when):
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.always
        def no_overdraft():
            return not b.peek.heard

        await cloud.sleep(1)
        b.crash()
        if when == "in mid-run":
            await cloud.sleep(2)

    result = run_cloud(main)
    assert (result.failure, result.verdict) == ("scenario", None)
    assert result.error == (
        "property no_overdraft at 1 s: b is down, so its node can't be looked into, and nobody can "
        "say whether the property holds. Ask first: not b.up or …"
    )


def test_a_property_that_asks_first_is_looked_at_while_a_host_is_down():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        @cloud.always
        def no_overdraft():
            return not b.up or not b.peek.heard

        b.crash()
        await cloud.sleep(2)

    assert property_of(main)[0] == "valid"


def test_another_mistake_in_the_words_of_minicloud_says_which_property_made_it():
    async def main(cloud):
        peers(cloud, "b")
        cloud.always(named("linked", lambda: cloud.net.link("b", "x")))
        await cloud.sleep(1)

    assert run_cloud(main).error.startswith("property linked at 0 s: ")


def test_until_hears_what_its_condition_raises():
    async def main(cloud):
        (b,) = peers(cloud, "b")
        cloud.client("a").send(b, Note())
        with pytest.raises(ZeroDivisionError):
            await cloud.until(lambda: b.peek.heard and 1 // 0)
        return cloud.now

    assert run(main).value == 0.01


def test_a_check_that_raises_at_the_end_fails_the_run_and_nothing_else():
    async def main(cloud):
        (b,) = peers(cloud, "b")

        def agreed():
            return b.peek.heard == []

        cloud.check(agreed)
        await cloud.sleep(1)
        b.crash()

    result = run_cloud(main)
    assert (result.failure, result.verdict) == ("scenario", None)
    assert result.error.startswith("b.peek: b is down since 1 s")


def test_a_broken_property_is_in_the_trace(tmp_path):
    async def main(cloud):
        cloud.never(named("off", flips(cloud, 2)))
        await cloud.sleep(5)

    run(main, trace=tmp_path / "trace")
    (check,) = [r for r in read_trace(tmp_path / "trace") if r["type"] == "check"]
    assert check == {
        "type": "check",
        "time": 2_000_000_000,
        "name": "off",
        "verdict": "invalid",
        "detail": "happened at 2 s",
    }


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda cloud: cloud.always(5), r"cloud\.always\(5\): give a function"),
        (lambda cloud: cloud.always(every=0)(flips), "every=0: give seconds above 0"),
        (lambda cloud: cloud.never(every=-1)(flips), "every=-1: give seconds above 0"),
        (lambda cloud: cloud.eventually(within=-1), r"within=-1\): give seconds from 0"),
        (lambda cloud: cloud.eventually(within=float("nan")), r"within=nan\): give seconds from 0"),
        (lambda cloud: cloud.eventually(within=True), r"within=True\): give seconds from 0"),
        (lambda cloud: cloud.eventually(within=1)("on"), r"cloud\.eventually\('on'\): give a func"),
        (
            lambda cloud: cloud.leads_to(5, within=1)(flips),
            r"cloud\.leads_to\(5\): give a function",
        ),
        (lambda cloud: cloud.sometimes(cloud.sleep), "a property is a plain def"),
    ],
)
def test_what_is_no_property_is_refused_with_a_sentence(declare, words):
    async def main(cloud):
        with pytest.raises(UsageError, match=words):
            declare(cloud)

    run(main)
