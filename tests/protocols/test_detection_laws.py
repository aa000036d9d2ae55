"""The laws of SWIM's views: claims join in any order, and views converge once messages flow."""

from itertools import permutations

import pytest
from detection_world import World
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.protocols.detection.swim import Claim, Rules, Settings, beats
from minicloud.protocols.detection.swim import view as view_module
from minicloud.protocols.detection.swim.view import View

SETTINGS = settings(max_examples=200, derandomize=True, deadline=None, database=None)

claim = st.builds(
    Claim,
    st.sampled_from(["a", "b"]),
    st.integers(0, 3),
    st.sampled_from(["alive", "suspect", "dead", "left"]),
    st.sampled_from(["x", "y"]),
)
final = pytest.mark.parametrize("final", [False, True], ids=["incarnations", "paper"])


def joined(claims, *, final):
    """What a view comes to; who said it first is no part of it."""
    view = View(final=final)
    for one in claims:
        view.take(one)
    return {name: (held.incarnation, held.status) for name, held in sorted(view.claims.items())}


def slow(claims, *, final):
    """For each name the one claim that no other beats, by looking at all pairs."""
    found = {}
    for one in claims:
        mine = [other for other in claims if other.name == one.name]
        if not any(beats(other, one, final=final) for other in mine):
            found[one.name] = one.incarnation, one.status
    return dict(sorted(found.items()))


@final
@SETTINGS
@given(st.lists(claim, max_size=8), st.randoms(use_true_random=False))
def test_claims_join_in_any_order_and_any_number(final, claims, dice):
    shuffled = [*claims, *claims]
    dice.shuffle(shuffled)
    assert joined(claims, final=final) == joined(shuffled, final=final)
    assert joined(claims, final=final) == slow(claims, final=final)


@final
@SETTINGS
@given(claim, claim)
def test_of_two_claims_about_a_name_one_is_the_newer(final, one, other):
    one = Claim("a", one.incarnation, one.status)
    other = Claim("a", other.incarnation, other.status)
    assert not beats(one, one, final=final)
    if one != other:
        assert beats(one, other, final=final) is not beats(other, one, final=final)


def test_4_2_the_papers_table():
    def wins(one, other, *, final=True):
        return beats(Claim("m", one[1], one[0]), Claim("m", other[1], other[0]), final=final)

    for i in range(3):
        for j in range(3):
            assert wins(("alive", i), ("suspect", j)) is (i > j)
            assert wins(("alive", i), ("alive", j)) is (i > j)
            assert wins(("suspect", i), ("suspect", j)) is (i > j)
            assert wins(("suspect", i), ("alive", j)) is (i >= j)
            assert wins(("dead", i), ("alive", j))
            assert wins(("dead", i), ("suspect", j))
            assert not wins(("alive", i), ("dead", j))
            # Where members come back, a death is of one incarnation.
            assert wins(("alive", i), ("dead", j), final=False) is (i > j)
            assert wins(("dead", i), ("suspect", j), final=False) is (i >= j)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda new, old, *, final: True,  # the last message wins
        lambda new, old, *, final: new.incarnation > old.incarnation,  # the first of one wins
        lambda new, old, *, final: new.status == "alive" or new.incarnation > old.incarnation,
    ],
    ids=["last-wins", "no-ranks", "alive-wins"],
)
def test_a_wrong_order_is_convicted(wrong, monkeypatch):
    monkeypatch.setattr(view_module, "beats", wrong)
    ends = []
    for said in ([(1, "alive"), (2, "suspect")], [(1, "alive"), (1, "suspect"), (0, "dead")]):
        orders = permutations([Claim("a", incarnation, status) for incarnation, status in said])
        ends.append(len({str(joined(order, final=False)) for order in orders}))
    assert max(ends) > 1


trouble = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 6)),
        st.tuples(st.just("crash"), st.integers(0, 4)),
        st.tuples(st.just("boot"), st.integers(0, 4)),
        st.tuples(st.just("cut"), st.integers(1, 4)),
        st.tuples(st.just("loss"), st.sampled_from([0.0, 0.3, 0.9])),
        st.tuples(st.just("heal"), st.none()),
    ),
    max_size=12,
)


def after(script, seed, rules=None):
    """A group of five that has been through all this, when messages flow again."""
    world = World(5, seed=seed, settings=Settings(sync=5), rules=rules)
    for what, value in script:
        name = f"m{value}"
        if what == "run":
            world.run(value)
        elif what == "crash" and name in world.members and len(world.members) > 1:
            world.crash(name)
        elif what == "boot" and name not in world.members:
            world.boot(name, world.names)
        elif what == "cut":
            world.partition(world.names[:value], world.names[value:])
        elif what == "loss":
            world.loss = value
        elif what == "heal":
            world.partition()
            world.loss = 0.0
    world.partition()
    world.loss = 0.0
    return world


@settings(SETTINGS, max_examples=60)
@given(trouble, st.integers(0, 3))
def test_views_converge_once_messages_flow(script, seed):
    world = after(script, seed)
    world.until(world.agreed, most=80)
    world.run(10)
    assert world.agreed()


def test_that_test_convicts_a_group_to_which_nobody_comes_back():
    script = [("run", 2), ("cut", 2), ("run", 6), ("run", 6), ("heal", None)]
    world = after(script, 0)
    world.until(world.agreed, most=80)
    world = after(script, 0, Rules(rejoin=False))
    with pytest.raises(AssertionError, match="not after 80"):
        world.until(world.agreed, most=80)
