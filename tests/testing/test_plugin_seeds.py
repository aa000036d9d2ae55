"""Which seeds a test runs: its own, stable one; those of the marker; those of the command line."""

from __future__ import annotations

import textwrap

import pytest

from minicloud.kernel.limits import Limits
from minicloud.testing.plan import seed_of
from minicloud.testing.plugin import _LIMITS

pytest_plugins = ["pytester"]

LOGGING = """
from pathlib import Path
import pytest
HERE = Path(__file__).parent

def log(cloud):
    with (HERE / "seeds.txt").open("a") as file:
        print(cloud.seed, file=file)
"""


@pytest.fixture
def seeds(project):
    def run(source, *args, **options):
        project.path.joinpath("seeds.txt").unlink(missing_ok=True)
        project.write(LOGGING + textwrap.dedent(source))
        project.run(*args, **options).assert_outcomes(passed=options.get("passed", 1))
        return project.seeds()

    return run


PLAIN = "async def test_x(cloud): log(cloud)"


def test_the_derivation_of_a_seed_is_pinned():
    # Changing it would move every test of every user to another seed.
    assert seed_of("tests/test_bank.py::test_x") == 214_277
    assert seed_of("tests/test_bank.py::test_x[a-1]") == 208_253


def test_the_seed_is_that_of_the_node_id(seeds):
    assert seeds(PLAIN) == [seed_of("test_it.py::test_x")]


def test_each_test_and_each_parameter_has_a_seed_of_its_own(project):
    project.test(
        LOGGING
        + textwrap.dedent("""
        @pytest.mark.parametrize("a", ["x", "y"])
        async def test_p(cloud, a): log(cloud)

        class TestShop:
            async def test_p(self, cloud): log(cloud)
        """)
    )
    ids = ["test_it.py::test_p[x]", "test_it.py::test_p[y]", "test_it.py::TestShop::test_p"]
    assert project.seeds() == [seed_of(each) for each in ids]
    assert len({*project.seeds()}) == 3


def test_the_seed_moves_with_no_process_hash_seed_folder_or_way_of_calling(project):
    project.write(f"{LOGGING}\n@pytest.mark.xdist_group('g')\n{PLAIN}", "tests/test_it.py")
    for hash_seed, args in [("1", ()), ("2", ("tests/test_it.py::test_x",))]:
        project.env.setenv("PYTHONHASHSEED", hash_seed)
        project.run(*args, apart=True).assert_outcomes(passed=1)
    project.env.chdir(project.path / "tests")
    project.run("--import-mode=importlib").assert_outcomes(passed=1)
    project.run("-n1", "--dist=loadgroup", apart=True).assert_outcomes(passed=1)
    lines = (project.path / "tests/seeds.txt").read_text().split()
    assert lines == [str(seed_of("tests/test_it.py::test_x"))] * 4


def test_fifty_seeds_are_one_item(project, seeds):
    found = seeds("@pytest.mark.minicloud(seeds=50)\n" + PLAIN)
    base = seed_of("test_it.py::test_x")
    assert found == list(range(base, base + 50))


def test_the_marker_of_a_function_overrides_that_of_its_module_option_by_option(seeds):
    module = "pytestmark = pytest.mark.minicloud(seed=100, seeds=2)\n"
    assert seeds(module + PLAIN) == [100, 101]
    assert seeds(module + "@pytest.mark.minicloud(seeds=3)\n" + PLAIN) == [100, 101, 102]


@pytest.mark.parametrize("seeds_option", ["--minicloud-seeds", "--mc-seeds"])
def test_the_command_line_overrides_the_marker(seeds, seeds_option):
    marked = "@pytest.mark.minicloud(seed=7, seeds=50)\n" + PLAIN
    assert seeds(marked, seeds_option, "2") == [7, 8]
    assert seeds(marked, seeds_option, "1", "--minicloud-seed", "8812") == [8812]


def test_each_run_of_an_item_has_a_fresh_cloud(project):
    project.test(
        """
        import pytest
        met = []

        @pytest.mark.minicloud(seeds=3)
        async def test_x(cloud):
            assert cloud.now == 0
            await cloud.sleep(5)
            assert not any(cloud is other for other in met)
            met.append(cloud)

        def test_y():
            assert len(met) == 3
        """
    ).assert_outcomes(passed=2)


def test_the_header_names_what_was_asked_for(project):
    result = project.test("def test_x(): pass", "--minicloud-seed=5", "--mc-seeds=2")
    result.stdout.fnmatch_lines(["minicloud: first seed 5, seeds a test 2"])
    project.run().stdout.no_fnmatch_line("minicloud: *")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            ["--minicloud-seed=x"],
            "argument --minicloud-seed: 'x' is not a whole number of at least 0, such as 8812",
        ),
        (
            ["--mc-seeds=0"],
            "argument --minicloud-seeds/--mc-seeds: '0' is not a whole number of at least 1*",
        ),
    ],
)
def test_a_wrong_option_is_a_usage_error(project, args, sentence):
    result = project.run(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{sentence}"])


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        ("(50)", "takes named options only. Write: @pytest.mark.minicloud(seeds=50)"),
        ("(sedes=5)", "has no option 'sedes'; did you mean seeds?"),
        (
            "(q=5)",
            "has no option 'q'; it has seeds, seed, order, exhaustive, crash_points, guard, "
            + ", ".join(_LIMITS),
        ),
        ("(seeds=0)", "(seeds=0): seeds takes a whole number of at least 1"),
        ("(seeds=True)", "(seeds=True): seeds takes a whole number of at least 1"),
        ("(seeds=2.0)", "(seeds=2.0): seeds takes a whole number of at least 1"),
        ("(seed=-1)", "(seed=-1): seed takes a whole number of at least 0"),
        ("(seed='x')", "(seed='x'): seed takes a whole number of at least 0"),
        ("(virtual_s=0)", "(virtual_s=0): virtual_s takes a number above 0"),
        ("(stall_s=float('nan'))", "(stall_s=nan): stall_s takes a number above 0"),
        ("(check_timeout=None)", "(check_timeout=None): check_timeout takes a number above 0"),
    ],
)
def test_a_wrong_marker_is_told_in_one_sentence_before_any_fixture_is_made(project, mark, sentence):
    result = project.test(
        f"""
        import pytest

        @pytest.fixture
        def made():
            print("a fixture was made")

        @pytest.mark.minicloud{mark}
        async def test_x(cloud, made):
            pass
        """,
        "-rN",
    )
    result.assert_outcomes(errors=1)
    start = "test_it.py::test_x: @pytest.mark.minicloud"
    told = [line for line in result.outlines if line.startswith(start)]
    assert told == [start + ("" if sentence.startswith("(") else " ") + sentence]
    result.stdout.no_fnmatch_line("*fixture was made*")
    result.stdout.no_fnmatch_line("*During handling*")


def test_limits_come_from_the_ini_and_the_marker_wins(project):
    project.ini("minicloud_virtual_s = 60", "minicloud_events = 1_000")
    project.test(
        """
        import pytest
        from minicloud.testing import running
        from minicloud.cloud import Limits

        given = []
        real = running.run_cloud

        @pytest.fixture(autouse=True)
        def spy(monkeypatch):
            def run_cloud(main, **options):
                given.append((options["limits"], options["check_timeout"]))
                return real(main, **options)
            monkeypatch.setattr(running, "run_cloud", run_cloud)

        async def test_ini(cloud): pass

        @pytest.mark.minicloud(virtual_s=90.5, check_timeout=2)
        async def test_marked(cloud): pass

        def test_given():
            assert given == [
                (Limits(virtual_s=60, events=1000), 30.0),
                (Limits(virtual_s=90.5, events=1000), 2),
            ]
        """
    ).assert_outcomes(passed=3)


def test_a_wrong_ini_value_names_file_and_option(project):
    project.ini("minicloud_virtual_s = long")
    result = project.test("async def test_x(cloud): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*pytest.ini: minicloud_virtual_s = long: virtual_s takes a number above 0"]
    )


def test_every_limit_of_a_run_can_be_set():
    assert set(_LIMITS) == {*Limits.__struct_fields__, "check_timeout"}
