import io
import json
import shlex

import pytest

from minicloud.cli import terminal as module
from minicloud.cli.terminal import Terminal
from minicloud.report.screen import cells
from minicloud.report.summary import invocation


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    out, err = Screen(), Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("CI", raising=False)
    return out, err


def test_colour_only_on_a_terminal_and_not_where_it_is_unwanted(screen, monkeypatch):
    out, _ = screen
    Terminal(*screen).say(["  ✔ fine", "INVALID  not so", "plain ✔"])
    assert out.getvalue() == ("  \x1b[32m✔\x1b[0m fine\n\x1b[31mINVALID\x1b[0m  not so\nplain ✔\n")
    out.truncate(0)
    out.seek(0)
    monkeypatch.setenv("NO_COLOR", "1")
    Terminal(*screen).say("  ✔ fine")
    assert out.getvalue() == "  ✔ fine\n"


def test_progress_waits_two_seconds_and_goes_away(screen, monkeypatch):
    out, err = screen
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    terminal = Terminal(*screen)
    terminal.progress("too early")
    assert err.getvalue() == ""
    now[0] += 3
    terminal.progress("half way")
    terminal.progress("more")
    terminal.say("done")
    assert err.getvalue() == "\rhalf way\rmore    \r    \r"
    assert out.getvalue() == "done\n"


def test_no_progress_where_it_is_no_terminal(screen, monkeypatch):
    _, err = screen
    monkeypatch.setattr(err, "isatty", lambda: False)
    terminal = Terminal(*screen)
    monkeypatch.setattr(module, "monotonic", lambda: 1e9)
    terminal.progress("half way")
    assert err.getvalue() == ""


def test_a_complaint_is_folded_on_a_terminal_and_one_line_elsewhere(screen, monkeypatch):
    _, err = screen
    Terminal(*screen).complain("word " * 30)
    assert max(map(len, err.getvalue().splitlines())) < 80
    err.truncate(0)
    err.seek(0)
    monkeypatch.setattr(err, "isatty", lambda: False)
    Terminal(*screen).complain("word " * 30)
    assert err.getvalue().count("\n") == 1


def test_nothing_that_is_said_is_obeyed(screen, monkeypatch):
    out, err = screen
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal(*screen)
    nasty = "key \x1b[2J\x9b31m\x07\r\u202e end"
    terminal.say(["  ✔ fine: " + nasty, nasty])
    terminal.complain(nasty)
    terminal.json({"key": nasty})
    for text in (out.getvalue(), err.getvalue()):
        assert text.replace("\n", "").isprintable()
    assert "key \\x1b[2J\\x9b31m\\x07\\r\\u202e end\n" in out.getvalue()
    assert json.loads(out.getvalue().splitlines()[-1]) == {"key": nasty}


def test_progress_is_not_obeyed_either(screen, monkeypatch):
    _, err = screen
    terminal = Terminal(*screen)
    monkeypatch.setattr(module, "monotonic", lambda: 1e9)
    terminal.progress("run \x1b[2J" + "漢" * 60)
    assert "\x1b" not in err.getvalue()
    assert cells(err.getvalue().strip()) <= 78


@pytest.mark.parametrize(
    ("ci", "plain"), [("true", True), ("1", True), ("", False), ("false", False)]
)
def test_a_build_server_gets_plain_lines_even_on_a_terminal(screen, monkeypatch, ci, plain):
    out, err = screen
    monkeypatch.setenv("CI", ci)
    terminal = Terminal(*screen)
    monkeypatch.setattr(module, "monotonic", lambda: 1e9)
    terminal.progress("half way")
    terminal.say("✔ fine")
    assert ("\x1b" in out.getvalue()) is not plain
    assert (err.getvalue() == "") is plain


def test_an_empty_no_color_is_none(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    Terminal(*screen).say("✔ fine")
    assert "\x1b" in screen[0].getvalue()


def test_a_poor_encoding_gets_what_it_has_and_no_wider_lines(screen, monkeypatch):
    out, _ = screen
    monkeypatch.setattr(Screen, "encoding", "ascii")
    monkeypatch.setenv("NO_COLOR", "1")
    line = "  ✖ c0  write x=2   20.702 ├────┤ 20.911 ok → 1  … 漢 █▷"
    Terminal(*screen).say([line, line.ljust(78) + "…", "é" * 79])
    first, second, third = out.getvalue().splitlines()
    assert first == "  x c0  write x=2   20.702 |----| 20.911 ok -> 1  ... \\u6f22 #>"
    assert max(len(second), len(third)) <= 79
    assert out.getvalue().isascii()


def test_commands_are_folded_for_a_screen_and_a_shell_takes_them(screen):
    long = shlex.join(["minicloud", "run", "lesson", *["--set", "name=a value"] * 9])
    (whole,) = invocation("repeat", long, fold=False)
    assert whole == f"  repeat   {long}"
    lines = invocation("repeat", long, fold=True)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 79
    pasted = "\n".join(lines).replace("  repeat   ", "", 1)
    assert shlex.split(pasted.replace("\\\n", " ")) == shlex.split(long)
    assert invocation("next", "minicloud list", fold=True) == ["  next     minicloud list"]
