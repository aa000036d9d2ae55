import io

import pytest

from minicloud.cli import terminal as module
from minicloud.cli.terminal import Terminal


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    out, err = Screen(), Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
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
