"""The checks of levels, by hand: what convicts and what does not, in which words, with what."""

import random

import pytest
from plants import ALL, GOOD, MS, ONE, PLANTS, r, told, verdict, w
from test_check_levels_twin import Maker

from minicloud.check import History, Verdict, monotonic_writes, read_your_writes, session_guarantees


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_found_by_those_whose_level_it_breaks_and_nobody_else(name):
    operations, convicting = PLANTS[name]
    found = [one for one, check in ALL.items() if verdict(check, *operations) is Verdict.INVALID]
    assert found == [one for one in ALL if one in convicting.split()]


def test_a_good_history_is_convicted_by_nobody():
    found = {name: verdict(check, *GOOD) for name, check in ALL.items()}
    assert set(found.values()) == {Verdict.VALID}


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_never_valid(name):
    for history in (History(), told(w("ann", "x", 1, kind="info"))):
        judged = ALL[name].judge(history)
        assert judged.verdict is Verdict.UNKNOWN
        assert judged.why.startswith("nothing was checked")


def test_the_words_of_each():
    words = {
        "ryw": "ann read x=1 (version 1) at 0.005 s, but before that ann had written x=2 "
        "(version 2), ok at 0.003 s: a session's reads see its own writes",
        "session": "bob read x=1 (version 1) at 0.007 s, but before that bob had read x=2 "
        "(version 2), ok at 0.005 s: a session's reads do not go back",
        "stale": "bob read x=1 at 0.004 s, 0.001 s and 1 version behind: ann had written x=2, ok "
        "at 0.003 s; the bound is 0 versions",
        "plain": "cat read x=nil at 0.009 s, but ann had written x=1 (begun at 0.000 s), and that "
        "is among the causes of the read: bob read x=1 (0.002 to 0.003 s), bob wrote y=1 (0.004 to "
        "0.005 s), cat read y=1 (0.006 to 0.007 s)",
    }
    plants = {
        "ryw": "a read before one's own write",
        "session": "a read that goes back",
        "stale": "an old read",
        "plain": "an effect without its cause",
    }
    for name, sentence in words.items():
        judged = ALL[name].judge(told(*PLANTS[plants[name]][0]))
        assert judged.why == sentence
        assert judged.evidence
        assert all(op.start >= 0 for op in judged.evidence)


def test_evidence_by_itself_is_convicted_too():
    """On hundreds of wrong histories: what was cut away had nothing to do with it."""
    seen = 0
    for seed in range(400):
        made = Maker(random.Random(seed), told="all", scans=True, unknown=True, most=9)
        for name in ("ryw", "mr", "mw", "wfr", "prefix", "plain", "memory"):
            judged = ALL[name].judge(made.history)
            if judged.verdict is Verdict.INVALID:
                starts = [op.start for op in judged.evidence]
                part = made.history.select(lambda op, starts=starts: op.start in starts)
                assert ALL[name].judge(part).verdict is Verdict.INVALID, (seed, name, judged.why)
                assert len(starts) <= 8
                seen += 1
    assert seen > 100


# Sessions.


def test_a_session_that_travels_is_one():
    steps = [
        w("bob", "x", 1, 1),
        w("ann", "x", 2, 2, session="s"),
        r("cat", "x", 1, 1, session="s"),
    ]
    judged = read_your_writes().judge(told(*steps))
    assert judged.verdict is Verdict.INVALID
    assert "in session s" in judged.why
    others = [(*step[:-1], None) for step in steps]
    assert verdict(read_your_writes(), *others) is Verdict.UNKNOWN


def test_what_overlaps_in_a_session_is_in_no_order():
    history = told(ONE)
    late = history.invoke(time=2 * MS, process=10, f="write", key="x", value=2, client="ann")
    read = history.invoke(time=2 * MS, process=11, f="read", key="x", client="ann")
    history.complete(late, time=3 * MS, type="ok", version=2)
    history.complete(read, time=4 * MS, type="ok", value=1, version=1)
    assert session_guarantees().judge(history).verdict is Verdict.VALID


def test_nothing_need_come_after_a_write_of_unknown_outcome_but_it_after_others():
    lost = w("ann", "x", 2, kind="info")
    assert verdict(session_guarantees(), ONE, lost, r("ann", "x", 1, 1)) is Verdict.VALID
    assert verdict(monotonic_writes(), w("ann", "x", 1, 5), lost, r("bob", "x", 2, 3)) is (
        Verdict.INVALID
    )


def test_versions_of_each_key_say_nothing_of_others():
    steps = [w("ann", "x", 1, [5, "a"]), w("ann", "y", 1, [1, "a"])]
    assert verdict(monotonic_writes(), *steps) is Verdict.UNKNOWN
    assert verdict(monotonic_writes(), w("ann", "x", 1, 5), w("ann", "y", 1, 1)) is Verdict.INVALID


def test_without_versions_the_four_together_convict_what_none_does_alone():
    steps = [w("ann", "x", 1), w("ann", "x", 2), r("bob", "x", 2), r("bob", "x", 1)]
    alone = {verdict(ALL[name], *steps) for name in ("ryw", "mr", "mw", "wfr")}
    assert Verdict.INVALID not in alone
    judged = session_guarantees().judge(told(*steps))
    assert judged.verdict is Verdict.INVALID
    assert judged.why.startswith("no order of 2 versions keeps read-your-writes, monotonic-reads")
