"""The trade-off of failure detectors: the bench prints what it promises, and the curve is one."""

import json
import statistics

import pytest

from bench import detectors
from bench.detectors_trials import trial
from minicloud import members

FIELDS = [
    "detector",
    "setting",
    "trials",
    "median_ms",
    "p99_ms",
    "max_ms",
    "false_per_hour",
    "accused_per_hour",
    "messages_per_s",
    "member_hours",
]


def test_a_crash_is_seen_by_nine_and_by_a_fixed_timeout_when_it_says():
    seen = trial(3, members.Heartbeat(nodes=10, timeout=5.0), 20.0)
    assert len(seen.detected_s) == 9
    # Five seconds after the last heartbeat that came; of three that were due, one came at least.
    assert all(2.0 < seconds < 5.2 for seconds in seen.detected_s)
    assert statistics.median(seen.detected_s) > 3.9
    assert seen.member_hours == pytest.approx(10 * 20 / 3600)
    assert seen.messages / 10 / 20 == pytest.approx(9.0, rel=0.05)


def test_a_seed_is_a_trial():
    spec = members.Swim(nodes=10)
    assert trial(3, spec, 5.0) == trial(3, spec, 5.0) != trial(4, spec, 5.0)


def rows(*named):
    return {name: detectors.measured([name], 1, quick=True)[0] for name in named}


def test_patience_buys_fewer_mistakes_with_time():
    hasty, patient = ("timeout", "1.5 s"), ("timeout", "5 s")
    found = rows(hasty, patient)
    assert found[hasty]["median_ms"] + 3000 < found[patient]["median_ms"]
    assert found[hasty]["false_per_hour"] > 100 > 10 > found[patient]["false_per_hour"]


def test_swim_sends_a_third_and_its_suspects_may_object():
    plain, rescued = ("swim", "no suspicion"), ("swim", "4 periods")
    found = rows(plain, rescued)
    assert 2.0 < found[rescued]["messages_per_s"] < 4.0
    assert found[plain]["false_per_hour"] > 5 * found[rescued]["false_per_hour"]
    assert found[rescued]["accused_per_hour"] > 10
    assert found[plain]["median_ms"] < found[rescued]["median_ms"]


def test_the_array_has_an_object_for_each_setting(monkeypatch, capsys):
    names = [("timeout", "2.5 s"), ("phi", "phi 8")]
    monkeypatch.setattr(detectors, "SETTINGS", {n: detectors.SETTINGS[n] for n in names})
    monkeypatch.setattr(detectors, "QUICK_TRIALS", 1)
    assert detectors.main(["--json", "--quick", "--jobs", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["detector"], one["setting"]) for one in found] == names
    for one in found:
        assert list(one) == FIELDS
        assert one["trials"] == 1
        assert one["median_ms"] <= one["p99_ms"] <= one["max_ms"]
    assert detectors.main(["--quick", "--only", "phi", "--jobs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["detector", "phi"]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.slow
def test_two_processes_count_what_one_does():
    # QUICK_TRIALS as it stands: another process would not see it changed.
    names = list(detectors.SETTINGS)[:2]
    assert detectors.measured(names, 1, quick=True) == detectors.measured(names, 2, quick=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "0"], "--jobs must be 1 or more, not 0"),
        (["--only", "guess"], "invalid choice: 'guess'"),
    ],
)
def test_a_wrong_word_is_answered_by_a_sentence(capsys, words, said):
    with pytest.raises(SystemExit) as left:
        detectors.main(words)
    told = capsys.readouterr()
    assert left.value.code == 2
    assert said in told.err
    assert told.out == ""
