"""The pytest plugin's hooks, options and the name `cloud`; the modules beside it run the tests.

It is loaded in every pytest session of whoever installed minicloud, so at import it must know
neither Trio nor any other room: the rest is imported where the first cloud test is collected.
(PYTEST_DONT_REWRITE: nothing here asserts.)
"""

from __future__ import annotations

import argparse
import inspect
import os
from collections.abc import Callable, Generator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minicloud.testing.report import LastRun

__all__ = ["LAST_RUN", "cloud"]

LAST_RUN: pytest.StashKey[LastRun] = pytest.StashKey()
"""Where an item keeps what its last run left, until its report is written."""

_LIMITS = {
    "virtual_s": "virtual seconds that a run may last",
    "events": "simulated events that a run may take",
    "instant": "events or task steps within one instant of virtual time",
    "stall_s": "wall seconds without a step",
    "check_timeout": "wall seconds that each check may take",
}


class _NoCloudYet:
    """What the fixture named `cloud` is outside a run; a cloud test gets the real one instead."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.fail(
            "a cloud lives only inside the async test that takes it as a parameter. "
            "Write: async def test_x(cloud)",
            pytrace=False,
        )

    def __repr__(self) -> str:
        return "<no cloud yet>"


_NO_CLOUD_YET = _NoCloudYet()


# Session scope, for Hypothesis rightly warns of values that are made once for many examples. This
# one holds nothing: it is the place into which each example gets a cloud of its own.
@pytest.fixture(scope="session")
def cloud() -> Any:
    """Give an `async def` test a simulated cloud of its own; see `minicloud.Cloud`.

    The seed is derived from the test's name; `--minicloud-seed` and the marker `minicloud` set it.
    """
    return _NO_CLOUD_YET


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("minicloud", "minicloud: tests on a simulated cloud")
    group.addoption(
        "--minicloud-seed",
        type=_whole_number(0),
        metavar="N",
        help="first seed of every cloud test (default: each test's own, derived from its name)",
    )
    group.addoption(
        "--minicloud-seeds",
        "--mc-seeds",
        type=_whole_number(1),
        metavar="N",
        help="seeds per cloud test, from its first one upwards (default: the marker's, or 1)",
    )
    parser.addini(
        "minicloud_failures",
        "Folder of the failing cases that are kept and tried first, from pytest's root; or off.",
        default=".minicloud/failures",
    )
    parser.addini(
        "minicloud_guard",
        "What becomes of test code that reaches for the real world: error, virtual or off.",
        default=None,
    )
    for name, text in _LIMITS.items():
        parser.addini(f"minicloud_{name}", f"Limit of every cloud test: {text}.", default=None)


def _whole_number(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number of at least {least}, such as 8812"
            )
        return number

    return parse


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "minicloud(*, seeds=1, seed=None, order, exhaustive, crash_points, guard, virtual_s, "
        "events, instant, stall_s, check_timeout): run this cloud test with that many seeds, from "
        "that seed on, in that order, in every order with that many deviations, or once for each "
        "of that many crash points, within these limits.",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    seed, seeds = config.getoption("minicloud_seed"), config.getoption("minicloud_seeds")
    if seed is None and seeds is None:
        return None
    first = "each test's own" if seed is None else str(seed)
    return f"minicloud: first seed {first}, seeds a test {seeds or 'as marked'}"


# Neither tryfirst nor trylast: after AnyIO's hook, whose mark has to go, and before pytest's own.
@pytest.hookimpl
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item | pytest.Collector] | None:
    if not collector.istestfunction(obj, name) or not _is_async(obj):
        return None
    from minicloud.testing import collect  # noqa: PLC0415 - see the module's head

    return collect.cloud_tests(collector, name, obj, is_ours=_is_our_fixture)


def _is_async(obj: object) -> bool:
    function = getattr(obj, "__func__", obj)
    handle = getattr(function, "hypothesis", None)
    inner = getattr(handle, "inner_test", function)
    # Hypothesis' inner test is a sync function from the second collection of the same function on.
    return inspect.iscoroutinefunction(inner) or hasattr(inner, "__minicloud_original__")


def _is_our_fixture(fixturedef: Any) -> bool:
    return getattr(fixturedef.func, "__module__", None) == __name__


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> None:
    """Refuse fixtures that cannot work, in words, before another plugin does in its own."""
    name = fixturedef.argname
    if "cloud" in fixturedef.argnames and request.getfixturevalue("cloud") is _NO_CLOUD_YET:
        wrong = (
            "asks for cloud, and a cloud lives only inside a test. Let the fixture return a "
            f"function that takes the cloud, and write in the test: {name}(cloud)"
        )
    elif hasattr(request.node, "__minicloud_item__") and _is_trio_fixture(fixturedef.func):
        wrong = (
            "needs a running Trio, and a cloud's runs only inside a test. Open it there, or let a "
            f"sync fixture return an async function, and write in the test: await {name}()"
        )
    else:
        return
    code = inspect.unwrap(fixturedef.func).__code__
    file = os.path.relpath(code.co_filename, request.config.invocation_params.dir)
    error = pytest.fail.Exception(
        f"{file}:{code.co_firstlineno}: fixture {name!r} {wrong}", pytrace=False
    )
    # Kept as pytest keeps an error of a fixture's own, or the next test that asks for it trips.
    fixturedef.cached_result = (None, fixturedef.cache_key(request), (error, None))
    raise error


def _is_trio_fixture(function: Any) -> bool:
    # pytest-asyncio and AnyIO have made theirs sync by now: those run outside the cloud.
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or hasattr(function, "_force_trio_fixture")
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Refuse a cloud to whatever is not an `async def` test; ours have a real one by now."""
    if pyfuncitem.funcargs.get("cloud") is _NO_CLOUD_YET:
        pytest.fail(
            f"{pyfuncitem.nodeid}: it takes cloud, so it must be async. "
            f"Write: async def {pyfuncitem.originalname}(...)",
            pytrace=False,
        )
    if not hasattr(pyfuncitem, "__minicloud_item__") and any(
        mark.name == "minicloud" for mark in pyfuncitem.own_markers
    ):
        pytest.fail(
            f"{pyfuncitem.nodeid}: it is marked minicloud and takes no cloud. "
            f"Write: async def {pyfuncitem.originalname}(cloud)",
            pytrace=False,
        )


# tryfirst makes this the outermost wrapper, so its section is the last one of the report.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call" and LAST_RUN in item.stash:
        if report.failed:
            item.stash[LAST_RUN].add_to(report, item)
        del item.stash[LAST_RUN]  # a run holds its history: not all of them until the session ends
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the kept cases that have become stale: they passed, and that means nothing."""
    reports = [each for several in terminalreporter.stats.values() for each in several]
    stale: dict[str, str] = {}
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == "minicloud_stale" and report.when == "call":
                stale[str(value)] = report.nodeid
    if stale:
        terminalreporter.section("minicloud: stale cases")
        for file, test in stale.items():
            terminalreporter.line(file)
            told = f"{test} decides otherwise now, so its seed shows nothing"
            for line in wrap(told, 77, break_long_words=False, break_on_hyphens=False):
                terminalreporter.line(f"  {line}")
        terminalreporter.line("Find the failure again with --minicloud-seeds N, or delete the file")
