"""The kinds of property: each convicts and acquits, at its boundary times too."""

import pytest
from flags import NS, flips, named, property_of, turns
from helpers import STEADY, Note, Peer, run

from minicloud.check.verdict import Verdict
from minicloud.errors import UsageError
from minicloud.node.messages.handlers import handle

# Never.


@pytest.mark.parametrize(
    ("times", "verdict", "told"),
    [((3,), "invalid", "happened at 3 s: two leaders at once"), ((), "valid", "looked at after")],
)
def test_never_is_broken_by_what_happens_once(times, verdict, told):
    async def main(cloud):
        on = flips(cloud, *times, 3 + NS)
        cloud.never(named("two_leaders", on, "two leaders at once.\n\nMore.") if times else no)
        await cloud.sleep(5)

    def no():
        return False

    found, detail, _ = property_of(main)
    assert (found, detail.rstrip(".")[: len(told)]) == (verdict, told)


def test_never_hears_an_assertion_as_a_no():
    async def main(cloud):
        on = flips(cloud, 2)

        @cloud.never
        def on_and_off():
            assert on()

        await cloud.sleep(5)

    assert property_of(main)[:2] == ("invalid", "happened at 2 s")


# Sometimes, reachable.


def test_what_sometimes_happens_is_told_and_decides_nothing():
    async def main(cloud, times):
        on = flips(cloud, *times)

        @cloud.sometimes
        def turned_on():
            return on()

        cloud.check(lambda: True)
        await cloud.sleep(5)

    once = run(lambda cloud: main(cloud, (2, 2 + NS)))
    never = run(lambda cloud: main(cloud, ()))
    assert [once.sometimes, never.sometimes] == [{"turned_on": True}, {"turned_on": False}]
    assert once.verdict is never.verdict is Verdict.VALID
    assert once.checks[0].detail == "sometimes: first at 2 s"
    assert never.checks[0].detail.startswith("sometimes: not in this run; looked at after ")


def test_a_run_that_only_hopes_checks_nothing():
    async def main(cloud):
        cloud.sometimes(lambda: True)
        cloud.reachable("somewhere")
        await cloud.sleep(1)

    result = run(main)
    assert result.verdict is Verdict.UNKNOWN
    assert result.sometimes == {"<lambda>": True, "somewhere": False}


def test_the_same_name_happened_if_any_of_them_did():
    async def main(cloud):
        for wanted in (2, 1, 3):
            cloud.sometimes(named("same", lambda wanted=wanted: wanted == 1))

    assert run(main).sometimes == {"same": True}


def test_places_that_node_code_reached_are_told_declared_or_not():
    class Walker(Peer):
        @handle
        def note(self, note: Note) -> None:
            self.reached(f"place {note.n}")

    async def main(cloud):
        cloud.net.profile(STEADY)
        cloud.node("b", Walker)
        cloud.reachable("place 1", "place 2")
        a = cloud.client("a")
        for n in (1, 1, 3):
            a.send("b", Note(n))
            await cloud.sleep(1)
        b = cloud.hosts["b"].peek
        cloud.hosts["b"].crash()
        b.reached("after death")

    result = run(main)
    assert result.sometimes == {"place 1": True, "place 2": False, "place 3": True}
    assert [(c.name, c.detail, c.counts) for c in result.checks] == [
        ("place 1", "reachable: first at 0.01 s", False),
        ("place 2", "reachable: not in this run", False),
        ("place 3", "reachable: first at 2.01 s", False),
    ]


@pytest.mark.parametrize("names", [("",), (3,)])
def test_a_place_without_a_name_is_refused(names):
    async def main(cloud):
        with pytest.raises(UsageError, match=r"self\.reached"):
            cloud.reachable(*names)

    run(main)


# Eventually.


@pytest.mark.parametrize("turning", [flips, turns])
@pytest.mark.parametrize(
    ("at", "verdict", "told"),
    [
        (0, "valid", "held at 0 s, of 4 s"),
        (3, "valid", "held at 3 s, of 4 s"),
        (4, "valid", "held at 4 s, of 4 s"),
        (4 + NS, "invalid", "did not hold by 4 s: the light is on"),
        (9, "invalid", "did not hold by 4 s: the light is on"),
    ],
)
def test_eventually_counts_what_holds_exactly_at_its_deadline(turning, at, verdict, told):
    async def main(cloud):
        on = turning(cloud, at)
        cloud.eventually(within=4)(named("on", on, "the light is on"))
        await cloud.sleep(10)

    assert property_of(main)[:2] == (verdict, told)


def test_eventually_counts_from_its_declaration_and_needs_to_hold_once_only():
    async def main(cloud):
        on = flips(cloud, 1, 2, 6, 6 + NS)
        await cloud.sleep(5)

        @cloud.eventually(within=4)
        def on_again():
            assert on(), "it is dark"

        await cloud.sleep(10)

    assert property_of(main)[:2] == ("valid", "held at 6 s, of 9 s")


@pytest.mark.parametrize(
    ("ends", "verdict", "told"),
    [
        (4 - NS, "unknown", "the run ended at 4 s, before it had to hold at 4 s"),
        (3, "unknown", "the run ended at 3 s, before it had to hold at 4 s"),
        (4, "invalid", "did not hold by 4 s: it is dark"),
        (5, "invalid", "did not hold by 4 s: it is dark"),
    ],
)
@pytest.mark.parametrize("how", ["returns", "is cut short"])
def test_what_a_run_was_too_short_for_is_unknown(ends, verdict, told, how):
    async def main(cloud):
        @cloud.eventually(within=4)
        def on():
            assert False, "it is dark"  # noqa: B011, PT015 - it is never on

        await cloud.sleep(ends if how == "returns" else 100)

    found, detail, result = property_of(main, until=None if how == "returns" else ends)
    assert (found, detail.split("\n")[0]) == (verdict, told)
    assert result.verdict.value == verdict


# Leads to.


@pytest.mark.parametrize("turning", [flips, turns])
@pytest.mark.parametrize(
    ("answer", "verdict", "told"),
    [
        (2, "valid", "up followed, after 0 s at the longest"),
        (5, "valid", "up followed, after 3 s at the longest"),
        (6, "valid", "up followed, after 4 s at the longest"),
        (6 + NS, "invalid", "held at 2 s, and up did not by 6 s: somebody is up"),
        (9, "invalid", "held at 2 s, and up did not by 6 s: somebody is up"),
    ],
)
def test_leads_to_counts_what_follows_exactly_at_its_deadline(turning, answer, verdict, told):
    async def main(cloud):
        down, up = turning(cloud, 2, 2 + 2 * NS), turning(cloud, answer)
        cloud.leads_to(named("up", up, "somebody is up"), within=4)(named("down", down))
        await cloud.sleep(20)

    found, detail, result = property_of(main)
    assert (found, detail) == (verdict, told)
    assert result.checks[0].name == "down"


def test_leads_to_asks_each_time_anew_and_the_earliest_stands_for_all():
    async def main(cloud):
        asked = flips(cloud, 1, 2, 3, 4, 11, 30)
        answered = flips(cloud, 4.5, 4.6, 12, 13)
        cloud.leads_to(named("answered", answered), within=4)(named("asked", asked))
        await cloud.sleep(25)

    # Asked at 1, again at 3, answered at 4.5; asked from 11 on, answered at 12, and then no more.
    assert property_of(main)[:2] == (
        "invalid",
        "held at 13 s, and answered did not by 17 s",
    )


def test_leads_to_gives_each_question_its_own_deadline():
    async def main(cloud):
        asked, answered = flips(cloud, 1, 1.5, 4, 4.5), flips(cloud, 2, 3, 7, 7.5)
        cloud.leads_to(named("answered", answered), within=4)(named("asked", asked))
        await cloud.sleep(25)

    # At 5 s, when the first would have been late, the second has waited for a second only.
    assert property_of(main)[:2] == ("valid", "answered followed, after 3 s at the longest")


def test_leads_to_that_was_never_asked_says_so():
    async def main(cloud):
        cloud.leads_to(named("up", lambda: False), within=4)(named("down", lambda: False))
        await cloud.sleep(20)

    assert property_of(main)[:2] == ("valid", "its condition never held")


@pytest.mark.parametrize(
    ("ends", "verdict"), [(5, "unknown"), (6 - NS, "unknown"), (6, "invalid"), (7, "invalid")]
)
def test_leads_to_is_unknown_where_the_run_ended_before_its_deadline(ends, verdict):
    async def main(cloud):
        down = flips(cloud, 2, 3)
        cloud.leads_to(named("up", lambda: False), within=4)(named("down", down))
        await cloud.sleep(ends)

    found, detail, _ = property_of(main)
    assert found == verdict
    if verdict == "unknown":
        told = f"held at 2 s, and the run ended at {ends:g} s, before up had to hold at 6 s"
        assert detail == told
