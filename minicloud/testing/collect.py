"""Makes test items of async functions that take `cloud`; knows pytest's collection, and no run.

Other plugins recognise a test that they should run by `async def`. A cloud test is therefore given
to pytest as the sync function that it is from outside, at the moment of collection, and its item
hides the marks by which a module claims all its tests for another event loop.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from types import MethodType
from typing import Any

import pytest

from minicloud.errors import UsageError
from minicloud.testing.plan import Plan, plan_of

__all__ = ["CloudFunction", "cloud_tests"]

_OTHER_LOOPS = ("anyio", "asyncio", "trio")
_HYPOTHESIS_DEADLINE = timedelta(milliseconds=200)


def cloud_tests(
    collector: pytest.Module | pytest.Class,
    name: str,
    obj: Any,
    *,
    is_ours: Callable[[Any], bool],
) -> list[pytest.Item | pytest.Collector] | None:
    """The items of one async test function, or None where its `cloud` is not this plugin's."""
    function = getattr(obj, "__func__", obj)
    if not _takes_our_cloud(collector, function, is_ours):
        return None
    _keep_anyio_off(function)
    handle = getattr(function, "hypothesis", None)
    if handle is None:
        wrapped = target = _as_sync(function)
    else:
        handle.inner_test = _as_sync(handle.inner_test)
        _lift_default_deadline(function)
        wrapped, target = None, obj
    python: Any = collector.config.pluginmanager.get_plugin("python")
    items = python.pytest_pycollect_makeitem(collector=collector, name=name, obj=target)
    return [CloudFunction.in_place_of(item, wrapped) for item in items or ()]


def _takes_our_cloud(collector: Any, function: Any, is_ours: Callable[[Any], bool]) -> bool:
    parameter = inspect.signature(function).parameters.get("cloud")
    if parameter is None or parameter.default is not parameter.empty:
        return False
    marks = [*collector.iter_markers("parametrize"), *getattr(function, "pytestmark", ())]
    if any("cloud" in _parametrized(mark) for mark in marks if mark.name == "parametrize"):
        return False
    # A project may have a fixture named cloud of its own, and tests that are not for us.
    found = collector.session._fixturemanager.getfixturedefs("cloud", collector)  # noqa: SLF001
    return bool(found) and is_ours(found[-1])


def _parametrized(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
    return [each.strip() for each in (names.split(",") if isinstance(names, str) else names)]


def _keep_anyio_off(function: Any) -> None:
    # AnyIO's auto mode has just asked for its backends; a test would run once for each of them.
    marks = getattr(function, "pytestmark", [])
    for mark in list(marks):
        if mark.name == "usefixtures" and mark.args == ("anyio_backend",):
            marks.remove(mark)


def _lift_default_deadline(function: Any) -> None:
    # Hypothesis fails an example after 200 ms of wall time; a run that depends on it would flake.
    settings = function._hypothesis_internal_use_settings  # noqa: SLF001
    if settings.deadline == _HYPOTHESIS_DEADLINE:
        changed = type(settings)(settings, deadline=None)
        function._hypothesis_internal_use_settings = changed  # noqa: SLF001


def _as_sync(function: Any) -> Any:
    if hasattr(function, "__minicloud_original__"):
        return function

    @functools.wraps(function)
    def in_clouds(*args: Any, **kwargs: Any) -> object:
        __tracebackhide__ = True
        ticket: Ticket = kwargs.pop("cloud")
        return ticket.run(functools.partial(function, *args, **kwargs), function)

    in_clouds.__minicloud_original__ = function  # type: ignore[attr-defined]
    return in_clouds


class Ticket:
    """What a cloud test is called with in place of a cloud: the right to one for each seed."""

    def __init__(self, item: CloudFunction, plan: Plan) -> None:
        self._item = item
        self._plan = plan

    def run(self, main: Callable[..., Awaitable[object]], function: Any) -> object:
        """Call `main(cloud=…)` in a fresh cloud for each seed; raise what fails one of them."""
        __tracebackhide__ = True
        from minicloud.testing.running import run_seeds  # noqa: PLC0415 - Trio comes with it

        return run_seeds(self._item, self._plan, main, function)

    def __repr__(self) -> str:
        first, count = self._plan.seed, self._plan.seeds
        return f"<Cloud seed {first}{f'..{first + count - 1}' if count > 1 else ''}>"


class CloudFunction(pytest.Function):
    """A test that runs in a cloud: one item, however many seeds."""

    __minicloud_item__ = True

    @classmethod
    def in_place_of(cls, item: Any, wrapped: Any) -> CloudFunction:
        """The same item, which calls `wrapped` (or, for Hypothesis, what it has always called)."""
        called = item.obj
        if wrapped is not None:
            owner = getattr(called, "__self__", None)
            called = wrapped if owner is None else MethodType(wrapped, owner)
        made: CloudFunction = cls.from_parent(
            item.parent,
            name=item.name,
            callspec=getattr(item, "callspec", None),
            callobj=called,
            fixtureinfo=item._fixtureinfo,  # noqa: SLF001
            keywords=item.keywords,
            originalname=item.originalname,
        )
        made.own_markers = item.own_markers
        made._instance = item.instance  # a static method is bound to none, its fixtures are
        # Kept now: pytest-xdist appends the name of a group to the node id later.
        made.node_id = str(item.nodeid)
        return made

    node_id: str
    plan: Plan

    def iter_markers_with_node(self, name: str | None = None) -> Iterator[tuple[Any, pytest.Mark]]:
        """All marks but those that would hand this test to another event loop."""
        for node, mark in super().iter_markers_with_node(name):
            if mark.name not in _OTHER_LOOPS:
                yield node, mark

    def setup(self) -> None:
        """Settle seeds and limits first: a wrong marker is told before any fixture is made."""
        __tracebackhide__ = True
        wrong = None
        try:
            self.plan = plan_of(self, self.node_id)
        except UsageError as error:
            wrong = str(error)
        if wrong is not None:  # outside the handler: one sentence, not two exceptions
            pytest.fail(wrong, pytrace=False)
        super().setup()

    def runtest(self) -> None:
        """Run the test function with the item's ticket where it takes a cloud."""
        __tracebackhide__ = True
        self.funcargs["cloud"] = Ticket(self, self.plan)
        super().runtest()
