"""Transcripts of the paper's stories, read by hand once, and compared to the byte.

`python test_raft_golden.py` writes them anew; the difference is to be read.
"""

from pathlib import Path

import pytest
from raft_stories_more import STORIES

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", STORIES)
def test_the_story_goes_as_it_was_read(name):
    assert STORIES[name]().text() == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_no_transcript_is_left_over():
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(STORIES)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, story in STORIES.items():
        (GOLDEN / f"{name}.txt").write_text(story().text(), "utf-8")
