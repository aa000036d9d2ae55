from typing import Literal

import pytest

from minicloud.errors import UsageError
from minicloud.scenario.params import Param, duration, parameters_of, seconds, whole_number


@pytest.mark.parametrize(
    ("text", "value"),
    [("30", 30.0), ("30s", 30.0), ("10m", 600.0), ("50ms", 0.05), ("2h", 7200.0), (".5s", 0.5)],
)
def test_durations(text, value):
    assert duration(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "s", "-3", "3 weeks", "1e3", "nan", "inf", "3sm", "٣"])
def test_what_is_no_duration(text):
    assert duration(text) is None
    with pytest.raises(UsageError, match="--until takes a time such as 30, 30s, 10m or 50ms"):
        seconds(text, "--until")


def test_a_time_of_nothing_is_refused():
    with pytest.raises(UsageError):
        seconds("0", "--until")


@pytest.mark.parametrize("text", ["", "-1", "1.0", "x", "²", str(2**63)])
def test_what_is_no_seed(text):
    with pytest.raises(UsageError, match="--seed takes a whole number"):
        whole_number(text, "--seed")


def lesson(
    cloud,
    *,
    fencing: bool = True,
    n: int = 3,
    loss: float = 0.1,
    cut_s: "float" = 43,
    name: str = "x",
    mode: Literal["one", "all"] = "one",
    r: Literal[1, 2] = 2,
):
    pass


def test_types_come_from_the_signature():
    found = parameters_of(lesson)
    assert [p.usage for p in found.values()] == [
        "fencing=true|false",
        "n",
        "loss",
        "cut_s",
        "name",
        "mode=one|all",
        "r=1|2",
    ]
    assert type(found["cut_s"].default) is float


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("fencing", "false", False),
        ("fencing", "ON", True),
        ("n", "-4", -4),
        ("loss", "1e-3", 0.001),
        ("cut_s", "1m", 60.0),
        ("cut_s", "-1", -1.0),
        ("name", "", ""),
        ("mode", "all", "all"),
        ("r", "1", 1),
    ],
)
def test_words_become_values(name, text, value):
    parsed = parameters_of(lesson)[name].parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fencing", "maybe"),
        ("fencing", ""),
        ("n", "3.5"),
        ("n", "x"),
        ("loss", "10m"),
        ("loss", "nan"),
        ("cut_s", "long"),
        ("cut_s", "inf"),
        ("mode", "none"),
        ("r", "3"),
    ],
)
def test_words_that_are_no_value(name, text):
    assert parameters_of(lesson)[name].parse(text) is None


def test_a_bool_is_no_int_and_an_int_is_a_float():
    assert Param("n", int, 3).accept(value=True) is None
    assert Param("p", float, 3.0).accept(2) == 2.0
    assert Param("p", float, 3.0).accept(value=True) is None
    assert Param("r", int, 1, (1, 2)).accept(value=True) is None


def test_what_cannot_be_a_scenario_says_what_to_write():
    async def no_cloud(*, n: int = 1): ...
    async def positional(cloud, n: int = 1): ...
    async def no_default(cloud, *, n: int): ...
    async def a_list(cloud, *, n: list = []): ...  # noqa: B006
    async def off_type(cloud, *, n: int = 1.5): ...
    async def unknown(cloud, *, n: "Nothing" = 1): ...  # noqa: F821

    for function, words in [
        (no_cloud, r"takes no cloud; write: async def no_cloud\(cloud: Cloud\)"),
        (positional, "n must be keyword-only"),
        (no_default, "n needs a default"),
        (a_list, "n must be a bool, int, float, str or Literal"),
        (off_type, "default 1.5 is not a whole number"),
        (unknown, "its type Nothing cannot be read"),
    ]:
        with pytest.raises(UsageError, match=words):
            parameters_of(function)
