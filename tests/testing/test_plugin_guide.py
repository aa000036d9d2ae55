"""The examples of docs/testing.md do what the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from minicloud.testing.plan import _OPTIONS
from minicloud.testing.plugin import _LIMITS

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).parents[2] / "docs/testing.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
EXAMPLES = [text for language, text in BLOCKS if language == "python"]
(OUTPUT,) = [text for language, text in BLOCKS if language == ""]


@pytest.mark.parametrize("example", EXAMPLES, ids=[text.split()[1] for text in EXAMPLES])
def test_an_example_does_what_the_guide_says(project, example):
    name = example.split()[1]
    project.write(example, name)
    result = project.run(name, "-rN")
    if name == "test_unlucky.py":
        result.assert_outcomes(failed=1)
        expected = [re.sub(r"\[", "[[]", line).replace("...", "*") for line in OUTPUT.splitlines()]
        result.stdout.fnmatch_lines(expected)
    else:
        assert result.ret == 0
        result.stdout.fnmatch_lines(["*1 passed*"])


def test_there_are_examples():
    assert len(EXAMPLES) >= 8


def test_every_option_of_the_marker_and_the_ini_is_in_the_guide():
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in _OPTIONS if f"`{name}`" not in text] == []
    assert [name for name in _LIMITS if f"`minicloud_{name}`" not in text] == []
