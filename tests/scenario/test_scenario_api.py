import pytest

from minicloud.check import Verdict
from minicloud.errors import UsageError
from minicloud.scenario.api import Scenario, breaks, holds, scenario


@scenario(fenced=holds(fencing=True), naive=breaks("linearizable", fencing=False))
async def split_brain(cloud, *, fencing: bool = True, cut_s: float = 43.0) -> None:
    """A primary that cannot see its backups."""


def test_a_scenario_keeps_its_function_and_has_a_name():
    assert isinstance(split_brain, Scenario)
    assert split_brain.name == "split-brain"
    assert split_brain.__doc__ == "A primary that cannot see its backups."
    split_brain("a cloud", fencing=False).close()


def test_without_a_variant_the_defaults_are_meant_and_what_is_stated_of_them():
    case = split_brain.case()
    assert case.params == {"fencing": True, "cut_s": 43.0}
    assert (case.variant, case.seed) == ("fenced", 0)
    assert case.stated is not None
    assert case.stated.verdict is Verdict.VALID


def test_a_variant_overrides_the_defaults_and_a_setting_overrides_both():
    naive = split_brain.case("naive")
    assert naive.params == {"fencing": False, "cut_s": 43.0}
    assert naive.stated == breaks("linearizable", fencing=False)
    other = split_brain.case("naive", {"cut_s": 5})
    assert other.params == {"fencing": False, "cut_s": 5.0}
    assert other.variant == "naive"
    assert other.stated is None, "nothing is stated of these values"


def test_values_that_are_a_variant_are_that_variant():
    case = split_brain.case(None, {"fencing": False})
    assert case.variant == "naive"
    assert case.stated is not None
    assert case.stated.verdict is Verdict.INVALID


HAS = "split-brain has: fencing=true|false, cut_s"


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (
            "cut_s=long",
            f"--set cut_s=long: cut_s takes a number of seconds (default 43.0). {HAS}",
        ),
        (
            "fence=1",
            f"--set fence=1: no parameter fence; did you mean fencing? {HAS}",
        ),
        (
            "zz=1",
            "--set zz=1: no parameter zz. split-brain has: fencing=true|false, cut_s",
        ),
        (
            "fencing",
            "--set fencing: write --set NAME=VALUE. split-brain has: fencing=true|false, cut_s",
        ),
    ],
)
def test_settings_that_are_none_say_what_to_write(setting, sentence):
    with pytest.raises(UsageError) as caught:
        split_brain.parse([setting])
    assert str(caught.value) == sentence


def test_a_setting_twice_is_refused():
    with pytest.raises(UsageError, match="cut_s is set twice"):
        split_brain.parse(["cut_s=1", "cut_s=2"])


def test_an_unknown_variant_gets_a_near_miss():
    with pytest.raises(UsageError) as caught:
        split_brain.case("niave")
    assert str(caught.value) == (
        "--variant niave: split-brain has fenced, naive; did you mean naive?"
    )


def test_variants_that_the_command_line_could_not_run_are_refused_when_declared():
    async def lesson(cloud, *, n: int = 1) -> None: ...

    for variants, words in [
        ({"a": holds(m=1)}, "no parameter m"),
        ({"a": holds(n="x")}, "n='x': n takes a whole number"),
        ({"a": True}, r"variant a: write a=holds\(...\)"),
        ({"a": holds(), "b": breaks("c", n=1)}, "variants a and b have the same parameters"),
    ]:
        with pytest.raises(UsageError, match=words):
            scenario(**variants)(lesson)


def test_a_plain_function_is_no_scenario():
    with pytest.raises(UsageError, match="needs an async function"):
        scenario()(lambda cloud: None)


def test_bare_decorator_states_nothing():
    @scenario
    async def lesson(cloud): ...

    assert lesson.variants == {}
    assert lesson.case().stated is None
    with pytest.raises(UsageError, match="lesson has no variants"):
        lesson.case("naive")
