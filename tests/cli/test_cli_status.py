"""The line that says how a run fares: on a terminal, while it lasts, and of no effect."""

import io
import time

import pytest

from minicloud import faults
from minicloud.cli.run import _progress
from minicloud.cli.terminal import Terminal
from minicloud.cloud import run_cloud
from minicloud.cloud.snapshot import Status
from minicloud.report.screen import cells, status_line


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)


async def long(cloud):
    """Some twelve looks' worth of wall time, with a fault, a broken promise and a host down."""
    alice, bob = cloud.client("alice").host, cloud.client("bob").host

    @cloud.never
    def too_late():
        return cloud.now > 1

    bob.crash()
    until = time_of() + 1.5
    with cloud.inject(faults.Isolate(alice)):
        while time_of() < until:
            await cloud.sleep(1)


def time_of():
    return time.perf_counter()


def test_a_status_is_one_line_in_words():
    now = Status(virtual_s=12.44, events=9, hosts=11, up=9, faults=1, violations=0)
    assert status_line(now, 0.4) == (
        "12.4 s virtual at 31x wall, 9 of 11 hosts up, 1 fault, 0 violations"
    )
    busy = Status(virtual_s=86_400.0, events=9, hosts=100, up=90, faults=12, violations=3)
    assert cells(status_line(busy, 10.0)) <= 78


def test_it_is_told_ten_times_a_second_and_sees_what_goes_on():
    seen = []
    run_cloud(long, progress=lambda now: seen.append((time.perf_counter(), now)), guard="off")
    assert 5 <= len(seen) <= 16
    last = seen[-1][1]
    assert (last.hosts, last.up, last.violations) == (2, 1, 1)
    assert last.faults == 2
    assert last.virtual_s > 1


def test_it_is_drawn_on_a_terminal_and_gone_at_the_end():
    screen = Screen()
    terminal = Terminal(Screen(), screen)
    run_cloud(long, progress=_progress(terminal), guard="off")
    drawn = screen.getvalue().split("\r")
    assert 3 <= len(drawn) <= 16
    assert "1 of 2 hosts up, 2 faults, 1 violation" in drawn[-1]
    assert "\n" not in screen.getvalue()
    terminal.say("done")
    assert screen.getvalue().endswith("\r" + " " * len(drawn[-1]) + "\r")


def test_nobody_is_told_where_nobody_looks(monkeypatch):
    assert _progress(Terminal(Screen(), io.StringIO())) is None
    monkeypatch.setenv("CI", "true")
    assert _progress(Terminal(Screen(), Screen())) is None


def test_to_be_watched_changes_nothing():
    async def main(cloud):
        cloud.client("alice")
        for _ in range(2000):
            await cloud.sleep(cloud.random.uniform("pause", 0, 1))

    digests = [run_cloud(main, progress=told).digest for told in (None, lambda _: None)]
    assert digests[0] == digests[1]
