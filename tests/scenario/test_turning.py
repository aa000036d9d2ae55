"""When a failure became likely: a die that is cast at a known time, and one that never is."""

import pytest

from minicloud import Cloud, breaks, scenario
from minicloud.errors import UsageError
from minicloud.scenario.replaying import turning_point

CAST_S = 5.0


@scenario(naive=breaks("lucky"))
async def die(cloud: Cloud, *, share: float = 0.1) -> None:
    """At a known time one draw decides; what is drawn before and after means nothing."""
    for _ in range(10):
        await cloud.sleep(0.5)
        cloud.random.random()
    cast = cloud.random.stream("die").random()
    for _ in range(10):
        await cloud.sleep(0.5)
        cloud.random.random()

    def lucky() -> None:
        assert cast >= share, f"cast {cast:.3f}"

    cloud.check(lucky)


def first_unlucky(share):
    from minicloud.scenario.running import execute

    for seed in range(200):
        case = die.case(params={"share": share}, seed=seed)
        if execute(die, case).verdict.value == "invalid":
            return case
    raise AssertionError("nobody was unlucky")


def test_the_moment_at_which_the_die_was_cast_is_enclosed():
    found = turning_point(die, first_unlucky(0.1), endings=10, rounds=8)
    assert found.failure.check == "lucky"
    assert found.before_s < CAST_S + 1e-6 <= found.after_s + 2e-6
    assert found.after_s - found.before_s < 0.05
    for point in found.points:
        if point.at_s < CAST_S - 1e-6:
            assert point.share <= 0.5
        elif point.at_s > CAST_S + 1e-6:
            assert point.share == 1.0


def test_what_every_run_does_was_likely_from_the_start():
    found = turning_point(die, first_unlucky(2.0), endings=4)
    assert (found.before_s, found.after_s) == (None, None)
    assert {point.failed for point in found.points} == {4}


def test_the_same_question_has_the_same_answer():
    case = first_unlucky(0.1)
    assert turning_point(die, case, endings=4, rounds=2) == turning_point(
        die, case, endings=4, rounds=2
    )


def test_a_run_that_does_not_fail_never_turned():
    with pytest.raises(UsageError, match="does not break any check"):
        turning_point(die, die.case(params={"share": 0.0}))
