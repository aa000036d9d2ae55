"""Cloud tests beside the other plugins that claim async tests, under xdist, and with Hypothesis."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

AUTO = ["asyncio_mode = auto", "trio_mode = true", "anyio_mode = auto", ""]

MIXED = """
import asyncio, pytest, trio
{head}

async def test_cloud(cloud):
    await cloud.sleep(3600)
    await trio.sleep(3600)
    assert cloud.now == 7200

class TestShop:
    @pytest.mark.parametrize("n", [1, 2])
    async def test_cloud(self, cloud, n, tmp_path):
        await cloud.sleep(n)

{tail}
"""

ON_ASYNCIO = """
@pytest.fixture
def loop_name(): return "asyncio"

async def test_other(loop_name):
    await asyncio.sleep(0)
"""

ON_TRIO = """
async def test_other(autojump_clock):
    await trio.sleep(10)
"""

ON_BOTH = """
import anyio
async def test_other(anyio_backend_name):
    await anyio.sleep(0)
"""


@pytest.mark.parametrize(
    ("ini", "head", "tail", "others"),
    [
        ("asyncio_mode = auto", "", ON_ASYNCIO, 1),
        ("asyncio_mode = strict", "pytestmark = pytest.mark.asyncio", ON_ASYNCIO, 1),
        ("trio_mode = true", "", ON_TRIO, 1),
        ("trio_mode = false", "pytestmark = pytest.mark.trio", ON_TRIO, 1),
        ("anyio_mode = auto", "", ON_BOTH, 2),
        ("anyio_mode = strict", "pytestmark = pytest.mark.anyio", ON_BOTH, 2),
    ],
)
def test_beside_another_event_loop(project, ini, head, tail, others):
    project.ini(ini)
    result = project.test(MIXED.format(head=head, tail=tail), "-v")
    result.assert_outcomes(passed=3 + others)
    result.stdout.fnmatch_lines(["test_it.py::test_cloud PASSED*"])  # not test_cloud[asyncio]


def test_without_any_other_plugin(project):
    project.path.joinpath("pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    project.test(MIXED.format(head="", tail=""), *project.alone, apart=True).assert_outcomes(
        passed=3
    )


def test_async_fixtures_of_other_loops_run_outside_the_cloud(project):
    project.ini("asyncio_mode = auto")
    project.test(
        """
        import asyncio, pytest, pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def port():
            await asyncio.sleep(0)
            yield 5432

        @pytest.fixture(autouse=True)
        async def always():
            await asyncio.sleep(0)

        async def test_x(cloud, port):
            await cloud.sleep(1)
            assert port == 5432
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("fixture", ["nursery", "server"])
@pytest.mark.parametrize("ini", ["trio_mode = true", "trio_mode = false"])
def test_fixtures_of_pytest_trio_are_refused_in_words(project, ini, fixture):
    project.ini(ini)
    result = project.test(
        f"""
        import pytest
        pytestmark = pytest.mark.trio

        @pytest.fixture
        async def server():
            return 1

        async def test_x(cloud, {fixture}):
            pass
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*: fixture '{fixture}' needs a running Trio*await {fixture}()"])


def test_with_xdist(project):
    source = """
    import pytest
    @pytest.mark.parametrize("n", range(6))
    async def test_x(cloud, n):
        await cloud.sleep(n)
        assert n != 4
    """
    result = project.test(source, "-n2", apart=True)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(['repeat: pytest "test_it.py::test_x[[]4]" --minicloud-seed *'])


HYPOTHESIS = """
import pytest
from hypothesis import Verbosity, assume, given, settings, strategies as st
# No profile: it would stay loaded in this process; and none of the outer one, which CI may choose.
few = settings(settings.get_profile("default"), database=None, derandomize=False, max_examples=30)
"""


@pytest.mark.parametrize("mode", AUTO)
def test_hypothesis_gets_a_fresh_cloud_for_each_example(project, mode):
    project.ini(mode)
    result = project.test(
        HYPOTHESIS
        + """
met = []

@few
@given(st.integers(0, 100))
async def test_given(cloud, x):
    assert cloud.now == 0
    assert not any(cloud is other for other in met)
    met.append(cloud)
    assume(x != 7)
    await cloud.sleep(x)
    assert cloud.now == x

def test_examples():
    assert len(met) >= 30

@pytest.mark.parametrize("a", [1, 2])
@few
@given(b=st.integers(0, 9), data=st.data())
async def test_both(a, b, data, cloud):
    await cloud.sleep(a + b + data.draw(st.integers(0, 9)))

class TestShop:
    @few
    @given(st.text())
    async def test_method(self, cloud, text):
        await cloud.sleep(1)

    @few
    @given(st.text())
    def test_sync(self, text):
        pass
"""
    )
    result.assert_outcomes(passed=6)


FAILS_AT_11 = (
    HYPOTHESIS
    + """
@pytest.mark.minicloud(seed=10, seeds=3)
@settings(few, verbosity=Verbosity.verbose)
@given(x=st.integers())
async def test_x(cloud, x):
    await cloud.sleep(1)
    assert x < 1000 or cloud.seed != 11
"""
)


def test_hypothesis_fails_with_the_smallest_example_and_a_line_that_repeats_it(project, repeat_of):
    first = project.test(FAILS_AT_11, "-rN")
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(
        ["E*x=1000,", "--* Hypothesis *--", "seed 11 (run 2 of 3): *", "repeat*"]
    )
    words = repeat_of(first)
    assert words[:5] == ["test_it.py::test_x", "--minicloud-seed", "10", "--minicloud-seeds", "3"]
    assert words[5] == "--hypothesis-seed"
    again = project.run(*words, "-rN", apart=True)  # --hypothesis-seed would stay set in here
    again.stdout.fnmatch_lines(["E*x=1000,", "seed 11 (run 2 of 3): *"])
    assert repeat_of(again) == words
    for word in ("Flaky", "HealthCheck", "DeadlineExceeded", "run_seeds"):
        again.stdout.no_fnmatch_line(f"*{word}*")


@pytest.mark.slow
def test_a_derandomized_failure_is_repeated_by_its_seed_alone(project, repeat_of):
    project.env.setenv("CI", "true")  # Hypothesis then loads its profile "ci", which has no seed
    derandomized = FAILS_AT_11.replace("derandomize=False", "derandomize=True")
    first = project.test(derandomized, "-rN", apart=True)
    first.stdout.fnmatch_lines(["E*x=1000,", "seed 11 (run 2 of 3): *", "repeat*"])
    words = repeat_of(first)
    assert words == ["test_it.py::test_x", "--minicloud-seed", "11", "--minicloud-seeds", "1"]
    again = project.run(*words, "-rN", apart=True)
    again.stdout.fnmatch_lines(["E*x=1000,", "seed 11: *", "repeat*"])
    assert repeat_of(again) == words


@pytest.mark.slow
def test_a_hypothesis_test_may_be_collected_twice(project):
    project.write(FAILS_AT_11, "test_base.py")
    result = project.test("from test_base import test_x")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["E*x=1000,", "repeat: *test_base.py::*", "E*x=1000,", "repeat: *test_it.py::*"]
    )


def test_a_slow_machine_is_no_failing_example(project):
    project.test(
        HYPOTHESIS
        + """
import time
from minicloud.kernel.guard import allowed

@settings(few, max_examples=2)
@given(x=st.integers())
async def test_default_deadline(cloud, x):
    with allowed():
        time.sleep(0.25)

@pytest.mark.xfail(strict=True)
@settings(few, max_examples=2, deadline=20)
@given(x=st.none())
async def test_a_deadline_of_ones_own_stays(cloud, x):
    with allowed():
        time.sleep(0.05)
"""
    ).assert_outcomes(passed=1, xfailed=1)


def test_hypothesis_health_checks_stay_on(project):
    # The cloud trips none, and a fixture that ought to trip one still does.
    result = project.test(
        HYPOTHESIS
        + """
@pytest.fixture
def stale(): return []

@few
@given(x=st.integers())
async def test_x(cloud, stale, x): pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FailedHealthCheck*unction-scoped fixture 'stale'*"])


def test_a_keyboard_interrupt_ends_the_session(project):
    result = project.test(
        """
        import os, pytest, signal

        @pytest.mark.minicloud(seeds=3)
        async def test_x(cloud):
            print("met", cloud.seed - 5)
            os.kill(os.getpid(), signal.SIGINT)
            await cloud.sleep(1)
            await cloud.sleep(1)

        async def test_y(cloud):
            print("met the next test")
        """,
        "-s",
        "--minicloud-seed=5",
        apart=True,
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*met 0*", "*KeyboardInterrupt*"])
    result.stdout.no_fnmatch_line("*met 1*")
    result.stdout.no_fnmatch_line("*met the next*")


def test_runs_cannot_nest(project):
    result = project.test(
        """
        from minicloud.cloud import run_cloud

        async def inner(cloud): pass

        async def test_x(cloud):
            run_cloud(inner)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *UsageError: *another run*"])
