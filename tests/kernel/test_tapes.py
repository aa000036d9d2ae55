"""Tapes: what they count, take back, splice, record and repeat, under every order."""

import json

import pytest
from helpers import STEADY, Note, Ping, peers, storm

from minicloud.cloud import run_cloud
from minicloud.cloud.script import Script
from minicloud.errors import UsageError
from minicloud.kernel.entropy import Entropy
from minicloud.kernel.orders import (
    NEUTRAL,
    Chosen,
    Counting,
    Deviation,
    Keep,
    Kept,
    Neutral,
    Recorded,
    Recording,
    Replaying,
    Splice,
    Spliced,
    Stack,
    Track,
    as_dict,
    read_tape,
    staleness,
    tape_of,
)
from minicloud.net.distributions import Constant, Exponential
from minicloud.net.profile import Profile

ORDERS = ["random", "fifo", "starve", "pct:3"]
ROUGH = Profile(
    delay=Exponential(0.01), loss=0.2, duplicate=0.3, reorder=0.3, bandwidth_bytes_per_s=1e6
)


def short(cloud):
    return storm(cloud, lasts=0.7)


def digest(main=short, **options):
    result = run_cloud(main, **options)
    assert result.failure == "none", result.error
    return result.digest


async def chatter(cloud):
    """Fifteen messages over a rough link; gives who heard what, when."""
    a, b = peers(cloud, "ab", ROUGH)
    for number in range(15):
        a.peek.send("b", Note(number))
        await cloud.sleep(0.001)
    await cloud.sleep(1)
    return b.peek.heard


def heard(**options):
    return run_cloud(chatter, **options).value


@pytest.mark.parametrize("order", ORDERS)
def test_a_tape_that_changes_nothing_changes_nothing(order):
    for seed in range(3):
        assert digest(seed=seed, order=order, tape=Counting()) == digest(seed=seed, order=order)


def test_counting_gives_the_decisions_of_each_stream():
    counting = Counting()
    run_cloud(chatter, tape=counting)
    # When it arrives, whether there is a copy and when, whether it is held back and for how long.
    assert counting.counts["link", "a", "b"] == 15 * 5
    assert ("link", "b", "a") not in counting.counts


@pytest.mark.parametrize("order", ORDERS)
def test_with_every_decision_kept_the_digest_is_what_it_was(order):
    for seed in range(3):
        counting = Counting()
        before = digest(seed=seed, order=order, tape=counting)
        neutral = Neutral({names: range(count) for names, count in counting.counts.items()})
        assert digest(seed=seed, order=order, tape=neutral) == before
        assert neutral.taken_back == 0


@pytest.mark.parametrize("order", ORDERS)
def test_with_one_decision_less_it_is_another(order):
    everything = {("link", "a", "b"): range(75)}
    less = Neutral({("link", "a", "b"): range(1, 75)}, kinds=("link",))
    before = heard(order=order)
    assert heard(order=order, tape=Neutral(everything, kinds=("link",))) == before
    assert heard(order=order, tape=less) != before
    assert less.taken_back == 1


def test_a_neutral_link_has_no_accidents_and_the_median_delay():
    got = heard(tape=Neutral({}))
    assert [n for _, n, _ in got] == list(range(15))
    wire_s = (32 + 16) / 1e6
    median_s = Exponential(0.01).quantile(0.5)
    for _, n, at in got:
        assert at == pytest.approx(n * 0.001 + median_s, abs=2 * wire_s)


def test_where_everything_is_lost_the_neutral_message_is_lost_too():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(loss=1.0))
        a.peek.send("b", Note())
        await cloud.sleep(1)
        return b.peek.heard

    assert run_cloud(main, tape=Neutral({})).value == []


def test_kept_decisions_are_those_of_the_run_they_came_from():
    """The sixth message keeps its own fate, and all others have none."""
    own = {n: at for _, n, at in heard(seed=3)}
    with_one = {
        n: at for _, n, at in heard(seed=3, tape=Neutral({("link", "a", "b"): range(25, 30)}))
    }
    without = {n: at for _, n, at in heard(seed=3, tape=Neutral({}))}
    assert with_one.get(5) == pytest.approx(own.get(5), abs=1e-3)
    assert {n: at for n, at in with_one.items() if n < 5} == {
        n: at for n, at in without.items() if n < 5
    }


def test_only_the_kinds_that_are_named_are_taken_back():
    assert heard(tape=Neutral({}, kinds=("schedule",))) == heard()
    assert heard(tape=Neutral({}, kinds=("link",))) != heard()
    # The draws of a scenario and of nodes stay, whatever is asked for.
    assert digest(tape=Neutral({}, kinds=("scenario", "node"))) == digest()


def test_a_neutral_schedule_is_the_order_of_birth():
    async def main(cloud):
        seen = []

        async def step(number):
            await cloud.sleep(1)
            seen.append(number)

        for number in range(8):
            cloud.start(step, number)
        await cloud.sleep(2)
        return seen

    orders = [run_cloud(main, seed=seed, tape=Neutral({})).value for seed in range(3)]
    assert orders == [list(range(8))] * 3
    assert run_cloud(main).value != list(range(8))
    assert run_cloud(main, order="pct", tape=Neutral({})).value == list(range(8))


# Another seed from a time on.


async def busy(cloud):
    """Messages whose arrivals never tie, and tasks that always do; gives what was seen."""
    a, b = peers(cloud, "ab", Profile(delay=Exponential(0.01)))
    seen = []

    async def step(number):
        for _ in range(4):
            await cloud.sleep(0.1)
            seen.append(number)
            a.peek.send("b", Note(number))

    for number in range(5):
        cloud.start(step, number)
    await cloud.sleep(2)
    return seen, b.peek.heard


@pytest.mark.parametrize("order", ORDERS)
def test_a_splice_at_infinity_is_the_run_itself_and_one_at_zero_the_other(order):
    one, other = digest(busy, seed=1, order=order), digest(busy, seed=2, order=order)
    assert digest(seed=1, order=order, tape=Splice(float("inf"), 2)) == digest(seed=1, order=order)
    assert digest(busy, seed=1, order=order, tape=Splice(float("inf"), 2)) == one
    assert digest(busy, seed=1, order=order, tape=Splice(0, 2)) == other
    assert digest(busy, seed=1, order=order, tape=Splice(2 * 10**8, 2)) not in (one, other)


def test_before_a_splice_nothing_is_moved_and_after_it_everything_is():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Exponential(0.001)))
        for number in range(40):
            a.peek.send("b", Note(number))
            await cloud.sleep(0.1)
        return b.peek.heard

    own = run_cloud(main, seed=1).value
    spliced = run_cloud(main, seed=1, tape=Splice(2 * 10**9, 7)).value
    assert spliced[:20] == own[:20]
    assert all(mine != theirs for mine, theirs in zip(own[20:], spliced[20:], strict=True))
    again = run_cloud(main, seed=1, tape=Splice(2 * 10**9, 8)).value
    assert again[:20] == own[:20]
    assert again[20:] != spliced[20:]


# Recorded, and repeated.


@pytest.mark.parametrize("order", ORDERS)
def test_a_recorded_run_is_repeated_from_json_whatever_the_seed(order):
    recording = Recording()
    before = run_cloud(short, seed=5, order=order, tape=recording)
    written = json.dumps(as_dict(recording.data(order)))
    data = read_tape(json.loads(written))
    assert data == recording.data(order)
    replaying = tape_of(data)
    after = run_cloud(short, seed=5, order=data.order, tape=replaying)
    assert (after.digest, after.stale, replaying.unread) == (before.digest, None, 0)


def test_a_tape_decides_and_not_the_seed():
    recording = Recording()
    own = heard(seed=5, tape=recording)
    assert heard(seed=6, tape=Replaying(recording.data())) == own != heard(seed=6)


def test_a_recording_behind_another_tape_has_what_that_made_of_it():
    recording = Recording()
    neutral = heard(seed=5, tape=Stack(Neutral({}), recording))
    link = next(t for t in recording.data().tracks if t.names == ("link", "a", "b"))
    assert set(link.draws) == {NEUTRAL}
    assert heard(seed=5, tape=Replaying(recording.data())) == neutral


def test_a_script_holds_a_tape():
    recording = Recording()
    own = heard(seed=5, tape=recording)
    script = Script(tape=as_dict(recording.data()))
    result = run_cloud(chatter, seed=6, script=script)
    assert (result.value, result.stale) == (own, None)
    counting = Counting()
    assert run_cloud(chatter, seed=6, script=script, tape=counting).value == own
    assert counting.counts["link", "a", "b"] == 75


async def one_message(cloud, hosts="ab", messages=1):
    profile = STEADY if messages == 1 else Profile(delay=Exponential(0.01))
    first, *_, last = peers(cloud, hosts, profile)
    for number in range(messages):
        first.peek.send(last.name, Note(number))
    await cloud.sleep(1)


def recorded(main):
    recording = Recording()
    run_cloud(main, tape=recording)
    return recording.data()


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (lambda c: one_message(c, "xy"), "stale: stream 'link x y' is not on the tape"),
        (lambda c: one_message(c, "ab", 2), "stale: the tape has 1 decisions of 'link a b', not"),
        (lambda c: one_message(c, "ab", 0), "stale: the run ended before 1 decisions of its tape"),
    ],
)
def test_a_tape_that_does_not_fit_says_so_and_the_run_goes_on(now, sentence):
    tape = Replaying(recorded(one_message))
    result = run_cloud(now, tape=tape)
    assert result.failure == "none"
    assert result.stale.startswith(sentence)
    assert staleness(Stack(Counting(), tape)) == result.stale
    assert run_cloud(one_message, tape=Replaying(recorded(one_message))).stale is None


def test_streams_of_one_name_are_told_apart_by_their_order():
    recording, replaying = Recording(), None
    entropy = Entropy(1, recording)
    draws = [entropy.draw("twice") for _ in range(2)]
    values = [draws[1](), draws[0](), draws[1]()]
    del values
    first = [track.draws for track in recording.data().tracks]
    replaying = Replaying(recording.data())
    again = Entropy(2, replaying)
    got = [again.draw("twice"), again.draw("twice")]
    assert ([got[0]()], [got[1](), got[1]()]) == (list(first[0]), list(first[1]))
    assert replaying.stale is None


EVERY = [
    Recorded(order="pct:3", tracks=(Track(("link", "a", "b"), (0.25, 0.1, NEUTRAL)),)),
    Kept(keep=(Keep(("schedule",), ((0, 3), (7, 8))),), kinds=("schedule",)),
    Spliced(at_ns=5, seed=9),
    Chosen(deviations=(Deviation(3, 1, 2, 0.5, "this", "that"),)),
]


@pytest.mark.parametrize("data", EVERY, ids=lambda data: type(data).__name__)
def test_every_tape_goes_to_json_and_back(data):
    assert read_tape(json.loads(json.dumps(as_dict(data)))) == data


def test_kept_ranges_are_numbers_of_decisions():
    counting = Counting()
    before = digest(tape=counting)
    keep = tuple(Keep(names, ((0, count),)) for names, count in counting.counts.items())
    assert digest(tape=tape_of(Kept(keep=keep))) == before
    assert digest(tape=tape_of(Kept())) == digest(tape=Neutral({})) != before


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({}, "This is no tape: Object missing required field `tape`"),
        ({"tape": "vinyl"}, "This is no tape: Invalid value 'vinyl'"),
        ({"tape": "spliced", "seed": "x"}, "Expected `int`, got `str` - at `$.seed`"),
        ({"tape": "spliced", "sede": 1}, "unknown field `sede`"),
        ({"tape": "spliced", "schema": 2}, "A tape of schema 2, and this minicloud reads 1"),
    ],
)
def test_what_is_no_tape_is_told_in_a_sentence(plain, sentence):
    with pytest.raises(UsageError) as caught:
        run_cloud(one_message, script=Script(tape=plain or {"tape": None}))
    assert sentence in str(caught.value) or not plain


def test_a_tape_of_choices_needs_the_order_it_is_for():
    with pytest.raises(UsageError, match='give order="fifo"'):
        run_cloud(one_message, order="pct", tape=tape_of(Chosen()))


def test_links_keep_their_fast_way_where_there_is_no_tape_and_no_order():
    async def main(cloud):
        a, b = peers(cloud, "ab", Profile(delay=Constant(0.001)))
        await a.peek.call("b", Ping())
        return cloud.net.link("a", "b").plain

    assert run_cloud(main).value
    assert run_cloud(main, order="fifo").value
    assert not run_cloud(main, order="pct").value
    assert not run_cloud(main, tape=Counting()).value
