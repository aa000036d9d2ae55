"""How a run can go wrong, as a test says it: by its name, bare, and with the line that repeats."""

from __future__ import annotations

import textwrap

import pytest

pytest_plugins = ["pytester"]

BANK = """
import pytest, trio
from minicloud.cloud import Cloud
from minicloud.errors import OutcomeUnknown
from minicloud.node.messages.handlers import handle
from minicloud.node.messages.message import Request
from minicloud.node.node import Node

class Pay(Request[int]):
    amount: int

class Bank(Node):
    def __init__(self, *, opening: int = 100) -> None:
        self.balance = opening

    @handle
    def pay(self, request: Pay) -> int:
        if request.amount == 13:
            raise KeyError("unlucky")
        self.balance -= request.amount
        return self.balance
"""


@pytest.fixture
def failing(project):
    def run(source):
        project.write(BANK + textwrap.dedent(source))
        result = project.run("-rN")
        result.assert_outcomes(failed=1)
        assert result.outlines[-2].startswith("repeat: pytest ")
        for word in ("Group", "Cancelled", "hidden", "run_seeds"):
            result.stdout.no_fnmatch_line(f"*{word}*")
        return result.stdout

    return run


def test_a_bank_that_works(project):
    project.test(
        BANK
        + """
async def test_x(cloud: Cloud):
    bank, alice = cloud.node("bank", Bank, opening=100), cloud.client("alice")

    @cloud.always
    def no_overdraft() -> bool:
        return bank.peek.balance >= 0

    assert await alice.call(bank, Pay(amount=10), timeout=1.0) == 90
"""
    ).assert_outcomes(passed=1)


def test_an_error_of_a_call_shows_the_line_of_the_test(failing):
    out = failing(
        """
        async def test_x(cloud):
            bank, alice = cloud.node("bank", Bank), cloud.client("alice")
            with cloud.net.drop(replies_to=Pay):
                await alice.call(bank, Pay(amount=10), timeout=1.0)
        """
    )
    out.fnmatch_lines(
        [
            ">           await alice.call(bank, Pay(amount=10), timeout=1.0)",
            "E           minicloud.errors.OutcomeUnknown: *",
            "test_it.py:*: OutcomeUnknown",
        ]
    )
    out.no_fnmatch_line("*minicloud/*")


def test_a_mistake_of_the_test_points_at_the_test(failing):
    out = failing(
        """
        async def test_x(cloud):
            with cloud.net.isolate("nobody"):
                pass
        """
    )
    out.fnmatch_lines([">*isolate(*", "E*UsageError: *'nobody'*", "test_it.py:*: UsageError"])
    out.no_fnmatch_line("*minicloud/*")


def test_a_crash_that_nobody_expected(failing):
    out = failing(
        """
        async def test_x(cloud):
            bank, alice = cloud.node("bank", Bank), cloud.client("alice")
            with pytest.raises(OutcomeUnknown):
                await alice.call(bank, Pay(amount=13), timeout=1.0)
        """
    )
    out.fnmatch_lines(
        ["E*Violated: no-crash: bank*KeyError: 'unlucky'*", "invalid  no-crash  bank*"]
    )


def test_a_property_that_breaks(failing):
    out = failing(
        """
        async def test_x(cloud):
            bank, alice = cloud.node("bank", Bank, opening=5), cloud.client("alice")

            @cloud.always
            def no_overdraft() -> bool:
                return bank.peek.balance >= 0

            await alice.call(bank, Pay(amount=10), timeout=1.0)
        """
    )
    out.fnmatch_lines(["E*Violated: no_overdraft: *", "invalid  no_overdraft  *"])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("await trio.Event().wait()", "Deadlock: *test_it.py:*"),
        ("while True: await trio.lowlevel.checkpoint()", "Livelock: *"),
        ("await cloud.sleep(1e6)", "LimitReached: *"),
        ("while True: pass", "Stalled: *"),
    ],
)
def test_a_run_that_does_not_end_is_named(failing, body, error):
    out = failing(
        f"""
        @pytest.mark.minicloud(stall_s=0.3, instant=1000, virtual_s=1e5)
        async def test_x(cloud):
            {body}
        """
    )
    out.fnmatch_lines([f"E*minicloud.errors.{error}"])


def test_trios_own_errors_point_at_the_test(project):
    result = project.test(
        """
        import trio

        async def test_x(cloud):
            with trio.fail_after(1):
                await cloud.sleep(2)
        """,
        "-rN",
    )
    result.stdout.fnmatch_lines(
        [">*fail_after(1):", "E*TooSlowError*", "test_it.py:5: TooSlowError"]
    )
    result.stdout.no_fnmatch_line("*trio/*")
    result.stdout.no_fnmatch_line("*contextlib*")


def test_something_unexpected_inside_keeps_the_frame_that_raised(failing):
    out = failing(
        """
        async def test_x(cloud):
            cloud._kernel = None
            await cloud.sleep(cloud.now)
        """
    )
    out.fnmatch_lines([">*cloud.sleep(cloud.now)", "*minicloud/cloud/cloud.py:*: AttributeError"])


def test_full_trace_shows_the_simulator(project):
    source = "async def test_x(cloud): assert cloud.now"
    short = project.test(source).stdout.str()
    full = project.run("--full-trace").stdout.str()
    assert "kernel" not in short
    assert "minicloud/kernel/run.py" in full
