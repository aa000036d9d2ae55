"""`async def test_x(cloud)` just works, and what cannot work says so in one sentence."""

from __future__ import annotations

import textwrap

import pytest

pytest_plugins = ["pytester"]


def test_an_async_test_that_takes_cloud_runs_on_virtual_time(project):
    result = project.test(
        """
        from minicloud.cloud import Cloud

        async def test_bare(cloud):
            await cloud.sleep(3600)
            assert cloud.now == 3600

        async def test_annotated(cloud: Cloud) -> None:
            assert isinstance(cloud, Cloud)
            assert cloud.now == 0

        async def test_that_fails(cloud):
            await cloud.sleep(1)
            assert cloud.now == 2
        """
    )
    result.assert_outcomes(passed=2, failed=1)
    assert result.duration < 30


def test_methods_and_static_methods(project):
    project.test(
        """
        class TestShop:
            def setup_method(self):
                self.stock = 3

            async def test_method(self, cloud):
                await cloud.sleep(1)
                assert (self.stock, cloud.now) == (3, 1)

            @staticmethod
            async def test_static(cloud):
                assert cloud.now == 0

            @classmethod
            async def test_class(cls, cloud):
                assert cls is TestShop
        """
    ).assert_outcomes(passed=3)


def test_fixtures_of_every_scope_and_parameters_combine_with_cloud(project):
    project.test(
        """
        import pytest
        from unittest import mock

        made = []

        @pytest.fixture(scope="module")
        def shared():
            made.append("shared")
            return made

        @pytest.fixture
        def fresh(tmp_path):
            (tmp_path / "file").write_text("x")
            yield tmp_path
            made.append("torn down")

        @pytest.fixture
        def pair():
            async def wait_twice(cloud):
                await cloud.sleep(1)
                await cloud.sleep(1)
            return wait_twice

        @pytest.fixture(params=["a", "b"])
        def letter(request):
            return request.param

        @pytest.mark.parametrize("n", [1, 2])
        async def test_all(cloud, n, letter, fresh, shared, capsys, monkeypatch):
            await cloud.sleep(n)
            assert cloud.now == n
            assert letter in "ab"
            assert (fresh / "file").read_text() == "x"
            assert shared[0] == "shared"

        async def test_a_factory_gets_the_cloud(pair, cloud):
            await pair(cloud)
            assert cloud.now == 2

        @mock.patch("os.getcwd", return_value="/mocked")
        async def test_mock(getcwd, cloud):
            import os
            assert os.getcwd() == "/mocked"

        def test_after():
            assert made == ["shared"] + 4 * ["torn down"]
        """
    ).assert_outcomes(passed=7)


def test_outcomes_other_than_pass_and_fail(project):
    result = project.test(
        """
        import pytest

        async def test_skip(cloud):
            pytest.skip("not today")

        async def test_xfail(cloud):
            pytest.xfail("known")

        @pytest.mark.xfail(strict=True, raises=AssertionError)
        async def test_marked(cloud):
            assert cloud.now == 1

        @pytest.mark.skip
        async def test_never(cloud):
            assert False

        async def test_raises(cloud):
            with pytest.raises(ZeroDivisionError):
                1 / cloud.now
        """
    )
    result.assert_outcomes(passed=1, skipped=2, xfailed=2)
    result.stdout.no_fnmatch_line("*repeat:*")


def test_a_forgotten_assert_is_told_as_in_any_test(project):
    result = project.test("async def test_x(cloud): return cloud.now == 1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*PytestReturnNotNoneWarning*test_x*"])


ASKS = (
    "fixture 'bank' asks for cloud, and a cloud lives only inside a test. Let the fixture return a "
    "function that takes the cloud, and write in the test: bank(cloud)"
)
NEEDS = (
    "fixture 'bank' needs a running Trio, and a cloud's runs only inside a test. Open it there, or "
    "let a sync fixture return an async function, and write in the test: await bank()"
)
INSIDE = "a cloud lives only inside the async test that takes it as a parameter. Write: async def "
BAD = {
    "def test_x(cloud): pass": (
        "test_it.py::test_x: it takes cloud, so it must be async. Write: async def test_x(...)"
    ),
    "def test_x(request): request.getfixturevalue('cloud').now": INSIDE + "test_x(cloud)",
    """
    @pytest.fixture
    def bank(cloud): return 1
    async def test_x(bank, cloud): pass
    """: f"test_it.py:3: {ASKS}",
    """
    @pytest.fixture
    async def bank(cloud): return 1
    async def test_x(bank, cloud): pass
    """: f"test_it.py:3: {ASKS}",
    """
    @pytest.fixture
    async def bank(): yield 1
    async def test_x(bank, cloud): pass
    """: f"test_it.py:3: {NEEDS}",
    """
    @pytest.mark.minicloud(seeds=5)
    def test_x(): pass
    """: "test_it.py::test_x: it is marked minicloud and takes no cloud. "
    "Write: async def test_x(cloud)",
}


@pytest.mark.parametrize(("source", "sentence"), BAD.items(), ids=range(len(BAD)))
def test_what_cannot_work_says_so_in_one_sentence(project, source, sentence):
    project.write("import pytest\n" + textwrap.dedent(source))
    result = project.run("-rN")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [line for line in result.outlines if sentence in line] == [sentence]
    result.stdout.no_fnmatch_line("*Error*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_every_test_that_uses_a_refused_fixture_is_told(project):
    result = project.test(
        """
        import pytest

        @pytest.fixture
        def bank(cloud): return 1

        @pytest.fixture(scope="module")
        def shop(cloud): return 1

        async def test_x(bank, cloud): pass
        def test_y(bank): pass
        def test_z(shop): pass
        async def test_q(shop, cloud): pass
        """
    )
    result.assert_outcomes(errors=4)
    assert sum(line.endswith("in the test: bank(cloud)") for line in result.outlines) == 2
    assert sum(line.endswith("in the test: shop(cloud)") for line in result.outlines) == 2


def test_a_fixture_named_cloud_of_the_project_is_left_alone(project):
    project.ini("asyncio_mode = auto")
    project.test(
        """
        import asyncio, pytest

        @pytest.fixture
        def cloud():
            return "mine"

        @pytest.fixture
        def rain(cloud):
            return cloud + "!"

        def test_sync(cloud, rain):
            assert (cloud, rain) == ("mine", "mine!")

        async def test_async(cloud):
            await asyncio.sleep(0)
            assert cloud == "mine"

        class TestInside:
            @pytest.fixture
            def cloud(self):
                return "inner"

            async def test_async(self, cloud):
                await asyncio.sleep(0)
                assert cloud == "inner"

        @pytest.mark.parametrize("n, cloud", [(1, "given")])
        async def test_parametrized(n, cloud):
            await asyncio.sleep(0)
            assert cloud == "given"

        async def test_default(cloud=None):
            await asyncio.sleep(0)
            assert cloud is None
        """
    ).assert_outcomes(passed=5)
