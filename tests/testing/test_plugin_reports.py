"""What a failing cloud test says: its own error, bare; seed and evidence; how to repeat it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from minicloud.testing.plan import seed_of

pytest_plugins = ["pytester"]

CHECKS = """
import pytest
from minicloud.check.verdict import Judgement, Verdict

class Promise:
    def __init__(self, name, verdict, why):
        self.name, self.verdict, self.why = name, verdict, why

    def judge(self, history, *, timeout):
        return Judgement(verdict=self.verdict, why=self.why)

kept = Promise("kept", Verdict.VALID, "all is well")
broken = Promise("no-lost-acks", Verdict.INVALID, "x=7 was acknowledged at 3.0 s and is gone")
open_ = Promise("linearizable", Verdict.UNKNOWN, "key x undecided after 30 s")
"""

FLAKY = """
import pytest

@pytest.mark.parametrize("name", ["alice", 'b"o $b', "é-c[d]"])
@pytest.mark.minicloud(seeds=50)
async def test_x(cloud, name):
    await cloud.sleep(cloud.seed % 100)
    cloud.note("slept")
    assert cloud.seed % 10 != 3, f"{name} at {cloud.now:g}"
"""


def section(result):
    """The lines of the last section named minicloud, without what pytest prints after it."""
    lines = result.outlines
    start = max(n for n, line in enumerate(lines) if line.strip("-") == " minicloud ")
    end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith(("=", "_")))
    return lines[start + 1 : end]


def essence(result):
    """Digest and error, without the addresses that a repr may hold."""
    first = next(line for line in section(result) if line.startswith("seed"))
    errors = [line.partition(" object at ")[0] for line in result.outlines if line.startswith("E ")]
    return first.partition(":")[2], errors


def test_the_report_ends_in_the_line_that_repeats_the_failing_seed(project):
    result = project.test(FLAKY, "-rN")
    result.assert_outcomes(failed=3)
    base = seed_of("test_it.py::test_x[alice]")
    failing = next(seed for seed in range(base, base + 50) if seed % 10 == 3)
    start = [line.strip("_ ") for line in result.outlines].index("test_x[alice]")
    report = result.outlines[start:]
    end = next(n for n, line in enumerate(report) if line.startswith("repeat: "))
    assert report[end] == (
        f'repeat: pytest "test_it.py::test_x[alice]" --minicloud-seed {failing} --minicloud-seeds 1'
    )
    assert report[end + 1].startswith("____")
    which = f"seed {failing} (run {failing - base + 1} of 50): "
    assert any(line.startswith(which) for line in report)
    assert f"note     {failing % 100}.000  slept" in report


@pytest.mark.parametrize("nth", [0, 1, 2])
def test_the_line_repeats_exactly_that_failure(project, repeat_of, nth):
    node = project.run_ids(FLAKY)[nth]
    first = project.run(node, "-rN")
    again = project.run(*repeat_of(first), "-rN")
    again.assert_outcomes(failed=1)
    assert essence(again) == essence(first)
    assert len(essence(again)[1]) == 3
    assert repeat_of(again) == repeat_of(first)


def test_the_line_is_for_the_folder_in_which_pytest_was_started(project, repeat_of):
    project.write(FLAKY, "tests/unit/test_it.py")
    project.env.chdir(project.path / "tests")
    first = project.run("unit/test_it.py", "-k", "alice")
    words = repeat_of(first)
    assert words[0] == "unit/test_it.py::test_x[alice]"
    project.run(*words).assert_outcomes(failed=1)
    project.env.chdir(project.path / "tests/unit")
    assert repeat_of(project.run("-k", "alice"))[0] == "test_it.py::test_x[alice]"


def test_an_error_of_the_test_is_bare_and_without_our_frames(project):
    result = project.test(
        """
        import pytest

        class Shop:
            async def buy(self, cloud):
                await cloud.sleep(1)
                raise LookupError("sold out")

        async def test_assert(cloud):
            found = {"now": cloud.now}
            assert found == {"now": 1}

        async def test_deeper(cloud):
            await Shop().buy(cloud)

        async def test_cause(cloud):
            try:
                await Shop().buy(cloud)
            except LookupError as error:
                raise ValueError("no shop") from error
        """,
        "-rN",
    )
    result.assert_outcomes(failed=3)
    text = result.stdout.str()
    assert "AssertionError: assert {'now': 0" in text or "assert {'now': 0" in text
    assert "Differing items" in text
    assert "LookupError: sold out" in text
    assert "ValueError: no shop" in text
    for word in ("Group", "trio/", "minicloud/", "hidden", "run_seeds"):
        assert word not in text
    files = [line.split(":")[0] for line in result.outlines if line.startswith("test_it.py:")]
    assert len(files) == 6  # assert 1; deeper 2; cause 3


@pytest.mark.parametrize(
    ("checks", "error", "lines"),
    [
        (
            "kept, broken, open_",
            "minicloud.errors.Violated: no-lost-acks: x=7 was acknowledged at 3.0 s and is gone",
            [
                "valid    kept  all is well",
                "invalid  no-lost-acks  x=7 was acknowledged at 3.0 s and is gone",
                "unknown  linearizable  key x undecided after 30 s",
            ],
        ),
        (
            "kept, open_",
            "minicloud.errors.Undecided: linearizable: key x undecided after 30 s",
            [
                "valid    kept  all is well",
                "unknown  linearizable  key x undecided after 30 s",
            ],
        ),
    ],
)
def test_checks_are_judged_at_the_end(project, checks, error, lines):
    result = project.test(
        CHECKS
        + f"""
@pytest.mark.minicloud(seeds=3)
async def test_x(
    cloud,
):
    cloud.check({checks})
    await cloud.sleep(1)
""",
        "-rN",
    )
    result.assert_outcomes(failed=1)
    judged = [
        line for line in section(result) if line.split()[0] in ("valid", "invalid", "unknown")
    ]
    assert judged[-len(lines) :] == lines
    # The report points at the test, since no line of it raised.
    text = result.outlines
    at = next(n for n, line in enumerate(text) if line.startswith(">"))
    assert text[at] == ">   async def test_x("
    assert f"E   {error}" in text
    assert any(line.startswith("test_it.py:") for line in text)


def test_valid_checks_pass_and_a_test_without_checks_is_judged_by_its_asserts(project):
    project.test(
        CHECKS
        + """
async def test_kept(cloud): cloud.check(kept)
async def test_none(cloud): assert cloud.now == 0
"""
    ).assert_outcomes(passed=2)


def test_the_tests_own_error_comes_before_broken_checks(project):
    result = project.test(
        CHECKS
        + """
async def test_x(cloud):
    cloud.check(broken)
    assert cloud.now, "mine"
"""
    )
    result.stdout.fnmatch_lines(["E*AssertionError: mine", "invalid  no-lost-acks*", "repeat: *"])
    result.stdout.no_fnmatch_line("invalid  assertion*")


@pytest.mark.parametrize("how", ["", "-s", "--show-capture=no", "--show-capture=log", "-n1"])
def test_the_section_comes_last_whatever_is_captured_and_over_xdist(project, how):
    source = """
    import sys
    async def test_x(cloud):
        print("to out")
        print("to err", file=sys.stderr)
        assert False
    """
    result = project.test(source, "-rN", *how.split(), apart=how == "-n1")
    assert section(result)[-1].startswith("repeat: pytest ")
    headers = [line.strip("-") for line in result.outlines if line.startswith("---")]
    assert headers[-1] == " minicloud "


def test_junit_files_hold_seed_and_line(project):
    project.test("async def test_x(cloud): assert 0", "--junitxml=out.xml", "--minicloud-seed=77")
    case = ET.parse(project.path / "out.xml").getroot().find(".//testcase")
    assert case.find(".//property[@name='minicloud_seed']").get("value") == "77"
    assert 'repeat: pytest "test_it.py::test_x" --minicloud-seed 77' in case.find("failure").text


def test_native_tracebacks_and_failures_without_one_have_the_section_too(project):
    source = """
    import pytest
    async def test_x(cloud): pytest.fail("a sentence", pytrace=False)
    """
    assert section(project.test(source))[-1].startswith("repeat: ")
    native = project.test("async def test_x(cloud): assert 0", "--tb=native")
    assert section(native)[-1].startswith("repeat: ")


def test_a_failure_of_a_fixture_is_not_blamed_on_a_seed(project):
    result = project.test(
        """
        import pytest
        @pytest.fixture
        def late():
            yield
            raise RuntimeError("torn")
        async def test_x(cloud, late): pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*repeat:*")


def test_the_operations_that_clash_are_drawn(project):
    source = """
    from minicloud.check import linearizable

    async def test_x(cloud):
        cloud.check(linearizable("register"))
        for f, value in (("write", 1), ("write", 2), ("read", 1)):
            asked = value if f == "write" else None
            async with cloud.history.operation(f, key="x\\\\x1b[2J", value=asked) as op:
                await cloud.sleep(0.5)
                op.value = value
    """
    lines = section(project.test(source))
    drawn = [line for line in lines if "├" in line]
    assert [line.split()[1] for line in drawn] == ["write", "write", "read"]
    assert drawn[-1].endswith("1.500 ok → 1")
    assert all(line.isprintable() for line in lines)
