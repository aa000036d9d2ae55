"""Failing cases are kept, tried first, and called stale where the code decides otherwise."""

import pytest

pytest_plugins = ["pytester"]

BANK = """
import pytest

pytest_plugins = ["pytester"]
from minicloud import Node, Request, handle

class Ping(Request[int]):
    n: int

class Bank(Node):
    @handle
    def ping(self, request: Ping) -> int:
        return request.n

@pytest.mark.minicloud(seed=0, seeds=5)
async def test_bank(cloud):
    with open("seeds.txt", "a") as log:
        log.write(f"{cloud.seed}\\n")
    bank, alice = cloud.node("bank", Bank), cloud.client("alice")
    for n in range(CALLS):
        await alice.call(bank, Ping(n), timeout=1)
    assert not (BROKEN and cloud.seed >= 3), "the bank is broken"
"""


def bank(*, broken, calls=3):
    return BANK.replace("BROKEN", str(broken)).replace("CALLS", str(calls))


@pytest.fixture
def corpus(project):
    project.files = lambda: sorted((project.path / ".minicloud" / "failures").glob("*"))
    return project


def forget(project):
    (project.path / "seeds.txt").write_text("")


def test_a_failing_seed_is_kept_and_tried_first(corpus):
    corpus.test(bank(broken=True)).assert_outcomes(failed=1)
    (file,) = corpus.files()
    text = file.read_text()
    assert 'test = "test_it.py::test_bank"' in text
    assert "seed = 3\n" in text
    assert "the bank is broken" in text
    forget(corpus)
    result = corpus.run()
    result.assert_outcomes(failed=1)
    assert corpus.seeds() == [3]
    result.stdout.fnmatch_lines(["*the bank is broken*", "repeat: *--minicloud-seed 3 *"])


def test_a_case_that_is_mended_passes_as_a_regression_test(corpus):
    corpus.test(bank(broken=True)).assert_outcomes(failed=1)
    forget(corpus)
    result = corpus.test(bank(broken=False))
    result.assert_outcomes(passed=1)
    assert corpus.seeds() == [3, 0, 1, 2, 3, 4]
    result.stdout.no_fnmatch_line("*stale*")


def test_a_case_whose_decisions_have_changed_is_stale_and_never_silent(corpus):
    corpus.test(bank(broken=True)).assert_outcomes(failed=1)
    for extra in ((), ("-n", "1")):
        result = corpus.test(bank(broken=False, calls=4), *extra)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(
            [
                "*minicloud: stale cases*",
                ".minicloud/failures/test_bank-*-3.toml",
                "  test_it.py::test_bank decides otherwise*",
                "Find the failure again with --minicloud-seeds N, or delete the file",
            ]
        )


def test_a_damaged_case_is_one_sentence(corpus):
    corpus.test(bank(broken=True)).assert_outcomes(failed=1)
    (file,) = corpus.files()
    file.write_text("seed = 'three'\n")
    result = corpus.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*this is no failing case*Delete it*"])


def test_nothing_is_kept_where_that_is_off_or_failing_is_meant(corpus):
    corpus.ini("minicloud_failures = off")
    corpus.test(bank(broken=True)).assert_outcomes(failed=1)
    corpus.ini()
    marked = bank(broken=True).replace("@pytest.mark.m", "@pytest.mark.xfail\n@pytest.mark.m")
    corpus.test(marked).assert_outcomes(xfailed=1)
    assert corpus.files() == []
