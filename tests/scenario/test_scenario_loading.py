from pathlib import Path

import pytest

from minicloud.errors import UsageError
from minicloud.scenario.loading import LoadFailure, find, known, load, user_frames

SCENARIO = """
from minicloud.scenario.api import scenario

@scenario
async def {name}(cloud): ...
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # What a test loads must not stay importable for the next one.
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    Path("scenarios").mkdir()
    write("scenarios/split_brain.py", SCENARIO.format(name="split_brain"))
    return tmp_path


def write(path, text):
    Path(path).write_text(text, encoding="utf-8")
    return Path(path)


def test_a_name_is_a_file_in_scenarios():
    assert find("split-brain") == Path("scenarios/split_brain.py")
    assert load(find("split-brain")).name == "split-brain"
    assert "split-brain" in known()


def test_a_path_is_itself():
    write("lesson.py", SCENARIO.format(name="other"))
    assert find("lesson.py") == Path("lesson.py")
    assert find("./scenarios/split_brain.py") == Path("scenarios/split_brain.py")
    assert load(Path("lesson.py")).name == "other"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("split-brian", "no scenario split-brian .*did you mean split-brain?"),
        ("nothing-like-it", "no scenario nothing-like-it .*minicloud list names"),
        ("nope.py", "nope.py does not exist"),
        ("scenarios/", "scenarios/ is a folder"),
        ("", "name of a scenario is empty"),
    ],
)
def test_what_is_not_there(target, words):
    with pytest.raises(UsageError, match=words):
        find(target)


def test_a_file_here_that_was_named_without_its_py():
    write("lesson.py", SCENARIO.format(name="lesson"))
    with pytest.raises(UsageError, match=r"did you mean ./lesson.py?"):
        find("lesson")


@pytest.mark.parametrize(
    ("text", "sentence", "traceback"),
    [
        ("x = (\n", "lesson.py:1: SyntaxError: '(' was never closed", False),
        ("import nothing_here\n", "lesson.py:1: ModuleNotFoundError: No module named", False),
        ("def f():\n    1 / 0\n\nf()\n", "lesson.py:2: ZeroDivisionError: division by zero", True),
        ("import sys\nsys.exit(3)\n", "lesson.py:2: SystemExit: 3", True),
        (
            "from minicloud.scenario.api import scenario\n\n@scenario\ndef f(cloud): ...\n",
            "@scenario needs an async function",
            False,
        ),
    ],
)
def test_a_file_that_does_not_load_says_where(text, sentence, traceback):
    with pytest.raises(LoadFailure) as caught:
        load(write("lesson.py", text))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("lesson.py:")
    assert caught.value.shows_traceback is traceback


def test_a_traceback_shows_only_the_authors_frames():
    text = "import json\n\ndef f():\n    json.loads('{')\n\nf()\n"
    with pytest.raises(LoadFailure) as caught:
        load(write("lesson.py", text))
    shown = "".join(user_frames(caught.value.__cause__))
    assert shown.count("File ") == 2
    assert "lesson.py" in shown
    assert "json/" not in shown


def test_no_scenario_and_too_many():
    with pytest.raises(UsageError, match=r"lesson.py defines no scenario; write @scenario\(\)"):
        load(write("lesson.py", "x = 1\n"))
    two = SCENARIO.format(name="a") + SCENARIO.format(name="b")
    with pytest.raises(UsageError, match="defines a, b; keep one scenario a file"):
        load(write("lesson.py", two))


def test_an_imported_scenario_is_not_this_files_own():
    write("helper_one.py", SCENARIO.format(name="helped"))
    text = "from helper_one import helped\n" + SCENARIO.format(name="own")
    assert load(write("lesson.py", text)).name == "own"


def test_an_edit_within_the_second_is_seen():
    file = write("lesson.py", SCENARIO.format(name="aaa"))
    assert load(file).name == "aaa"
    assert load(write("lesson.py", SCENARIO.format(name="bbb"))).name == "bbb"
    assert not Path("__pycache__").exists()


def test_a_helper_beside_it_may_not_hide_a_library():
    write("json.py", "raise RuntimeError('this is not json')\n")
    assert load(write("lesson.py", "import json\n" + SCENARIO.format(name="x"))).name == "x"
