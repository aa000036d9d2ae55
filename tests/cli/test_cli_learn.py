from pathlib import Path

import pytest


def test_list_has_a_line_for_each_with_its_first_sentence(cli):
    said = cli("list")
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if line.startswith("twins "))
    assert line.split(maxsplit=1)[1] == "A promise that one rule keeps. [safe, naive]"
    assert max(map(len, said.out.splitlines())) < 80


def test_list_goes_on_past_a_broken_file(cli):
    Path("scenarios/broken.py").write_text("import nothing_here\n")
    said = cli("list")
    assert said.code == 4
    assert "scenarios/broken.py:1: ModuleNotFoundError" in said.err
    assert "twins" in said.out


def test_show_tells_story_parameters_variants_and_rule(cli):
    said = cli("show", "twins")
    assert said.code == 0
    assert (
        said.out
        == """\
twins   scenarios/twins.py

  A promise that one rule keeps. There is more to it.

  A second paragraph.

parameters, for --set name=value
  rule   true or false, true if absent
  cut_s  a number of seconds, 43.0 if absent
  n      a whole number, 1 if absent

variants, for --variant
  safe   holds   rule=true
  naive  breaks promise   rule=false

the lines in which the variants differ
    20      # the rule
    21      if rule:
    22          cloud.note("the rule holds")

next: minicloud run twins --variant naive
"""
    )


def test_show_without_a_marked_rule_shows_where_the_toggle_is_used(cli):
    file = Path("scenarios/twins.py")
    file.write_text(file.read_text().replace("# the rule", "# a comment"))
    out = cli("show", "twins").out
    assert "  21      if rule:" in out
    assert "cloud.check(Says(" in out
    assert "cut_s)" not in out.split("variants differ")[1]


def test_new_writes_a_lesson_that_runs_and_a_twin_that_breaks(cli):
    said = cli("new", "lost-reply")
    assert said.code == 0
    assert said.out.splitlines()[0] == "wrote scenarios/lost_reply.py"
    assert cli("run", "lost-reply").code == 0
    assert cli("run", "lost-reply", "--variant", "naive").code == 1
    assert cli("verify", "lost-reply").code == 0
    assert "# the rule" in cli("show", "lost-reply").out


def test_new_takes_a_path(cli):
    assert cli("new", "lessons/one.py").code == 0
    assert Path("lessons/one.py").exists()
    assert cli("run", "lessons/one.py").code == 0


def test_new_never_overwrites(cli):
    before = Path("scenarios/twins.py").read_text()
    said = cli("new", "twins")
    assert said.code == 2
    assert said.err == "minicloud: scenarios/twins.py is there already; choose another name\n"
    assert Path("scenarios/twins.py").read_text() == before


@pytest.mark.parametrize("name", ["", "9lives", "class", "a b", "é", "_x", "x.txt/", "-"])
def test_new_refuses_what_is_no_name(cli, name):
    before = sorted(Path().rglob("*"))
    said = cli("new", name)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


def test_help_lists_the_commands_in_their_groups(cli):
    said = cli("--help")
    assert said.code == 0
    words = said.out.split()
    order = ["Learn:", "list:", "show:", "run:", "new:", "Test:", "sweep:", "Judge:", "check:"]
    places = [words.index(word) for word in order]
    assert places == sorted(places)
    assert "Exit codes" in said.out


def test_nothing_at_all_prints_three_commands_to_try(cli):
    said = cli()
    assert said.code == 0
    assert said.out.count("  minicloud ") == 3


def test_an_unknown_command_gets_a_near_miss(cli):
    said = cli("swep", "twins")
    assert (said.code, said.out) == (2, "")
    assert 'Did you mean "sweep"?' in said.err
    assert said.err.count("\n") == 1


def test_doctor_finds_nothing_wrong_here(cli):
    said = cli("doctor")
    assert said.code == 0, said.out
    assert said.out.count("✔") == 6
    assert not Path("runs").exists()
