"""Owns `@handle` and `@every`: which method answers which message, read from its annotations."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar, get_args, get_origin, overload

from minicloud.errors import UsageError
from minicloud.node.messages.later import Later
from minicloud.node.messages.message import Message, Request, decoder_of

__all__ = ["HandlerSpec", "PeriodicSpec", "every", "handle", "handlers_of", "periodics_of"]

F = TypeVar("F", bound=Callable[..., Any])


def _nothing(*_: object) -> None:
    """Stands where a method will."""


class HandlerSpec:
    """A method that answers a message."""

    __slots__ = (
        "decode",
        "function",
        "is_async",
        "method",
        "shape",
        "until_deadline",
        "wants_sender",
    )

    def __init__(
        self, method: str, shape: Any, *, is_async: bool, wants_sender: bool, until_deadline: bool
    ) -> None:
        self.method = method
        self.function: Callable[..., Any] = _nothing
        """The method as it stands in the node's class; set when the class is made."""
        self.shape = shape
        self.is_async = is_async
        self.wants_sender = wants_sender
        self.until_deadline = until_deadline
        self.decode = decoder_of(shape)


class PeriodicSpec:
    """A method that the node's clock calls again and again."""

    __slots__ = ("is_async", "jitter", "method", "period")

    def __init__(self, method: str, period: float, jitter: float, *, is_async: bool) -> None:
        self.method = method
        self.period = period
        self.jitter = jitter
        self.is_async = is_async


def _names_at(frame: Any) -> dict[str, Any]:
    """What the decorated method can see: its module, and the functions around its class."""
    scopes = []
    while frame is not None:
        scopes.append(frame.f_locals)
        if frame.f_code.co_name == "<module>":
            break
        frame = frame.f_back
    names: dict[str, Any] = {}
    for scope in reversed(scopes):
        names.update(scope)
    return names


def _annotation(fn: Callable[..., Any], value: Any, names: dict[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return eval(value, {**fn.__globals__, **names})  # noqa: S307 - the author's own annotation
    except NameError as error:
        raise UsageError(f"@handle {fn.__qualname__}: annotation {value!r}: {error}") from None


def _check_reply(fn: Callable[..., Any], shape: Any, returned: Any) -> None:
    reply = shape._reply_type
    if not issubclass(shape, Request):
        if returned not in (None, type(None), inspect.Signature.empty):
            msg = (
                f"@handle {fn.__qualname__}: {shape.__name__} is a one-way message, so return None"
            )
            raise UsageError(msg)
        return
    if returned is inspect.Signature.empty or returned is Any or reply is Any:
        return
    if get_origin(returned) is Later:
        (returned,) = get_args(returned)
    reply = type(None) if reply is None else reply
    returned = type(None) if returned is None else returned
    narrower = (
        isinstance(reply, type) and isinstance(returned, type) and issubclass(returned, reply)
    )
    if not narrower and returned != reply and returned not in get_args(reply):
        msg = (
            f"@handle {fn.__qualname__} returns {_named(returned)}, and {shape.__name__} is a "
            f"Request[{_named(reply)}]. Make the two the same"
        )
        raise UsageError(msg)


def _named(shape: Any) -> str:
    return shape.__name__ if isinstance(shape, type) else str(shape)


def _spec(fn: Callable[..., Any], names: dict[str, Any], *, until_deadline: bool) -> HandlerSpec:
    parameters = list(inspect.signature(fn).parameters.values())
    if len(parameters) not in (2, 3):
        msg = (
            f"@handle {fn.__qualname__} must take (self, request: SomeMessage), and may take a "
            "third parameter, sender: str"
        )
        raise UsageError(msg)
    shape = _annotation(fn, parameters[1].annotation, names)
    if not (isinstance(shape, type) and issubclass(shape, Message)):
        msg = (
            f"@handle {fn.__qualname__}: annotate {parameters[1].name!r} with a Message or Request "
            f"class, so that it is known what this method answers"
        )
        raise UsageError(msg)
    returned = _annotation(fn, inspect.signature(fn).return_annotation, names)
    _check_reply(fn, shape, returned)
    return HandlerSpec(
        fn.__name__,
        shape,
        is_async=inspect.iscoroutinefunction(fn),
        wants_sender=len(parameters) == 3,
        until_deadline=until_deadline,
    )


@overload
def handle(fn: F, /) -> F: ...
@overload
def handle(*, until_deadline: bool = False) -> Callable[[F], F]: ...
def handle(fn: Any = None, /, *, until_deadline: bool = False) -> Any:
    """Mark a method as the handler of the message that its parameter is annotated with.

    A `def` runs at the instant of delivery, and may return `Later[Reply]` where it can't answer
    yet; an `async def` runs as a task of the node. A third parameter
    receives the sender's host name. Raising a subclass of `Refused` refuses the request; an
    `OutcomeUnknown` of a nested call leaves it unanswered. With `until_deadline`, an `async def` is
    cancelled when the time of its caller's request is over. Raises `UsageError` for annotations
    that fit no message, or a reply that is not the request's.
    """
    names = _names_at(sys._getframe(1))

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method._minicloud_handler = _spec(  # type: ignore[attr-defined]
            method, names, until_deadline=until_deadline
        )
        return method

    return mark if fn is None else mark(fn)


def every(period: float, *, jitter: float = 0.0) -> Callable[[F], F]:
    """Mark a method that is called every `period` seconds of the node's own clock.

    The first call is one period after the boot; `jitter` is the share of the period by which each
    call may come earlier, drawn from the node's stream. An `async def` is awaited before the next
    period begins.
    """
    if not period > 0:
        raise UsageError(f"@every({period!r}): the period must be above 0 seconds")
    if not 0 <= jitter <= 1:
        raise UsageError(f"@every(…, jitter={jitter!r}): jitter is a share from 0 to 1")

    def mark(method: F) -> F:
        is_async = inspect.iscoroutinefunction(method)
        spec = PeriodicSpec(method.__name__, period, jitter, is_async=is_async)
        method._minicloud_periodic = spec  # type: ignore[attr-defined]
        return method

    return mark


def handlers_of(cls: type) -> dict[str, HandlerSpec]:
    """Kind → handler of a node class and its bases. Raises `UsageError` for two of a kind."""
    found: dict[str, HandlerSpec] = {}
    for base in reversed(cls.__mro__):
        own: dict[str, HandlerSpec] = {}
        for name, value in vars(base).items():
            # A subclass that overrides without @handle keeps answering: the spec names the method.
            spec = getattr(value, "_minicloud_handler", None)
            if spec is None:
                continue
            kind = spec.shape._kind
            if kind in own:
                msg = f"{cls.__name__} has two handlers for {kind}: {own[kind].method} and {name}"
                raise UsageError(msg)
            own[kind] = copy(spec)
        found.update(own)
    for spec in found.values():
        # A subclass may override a `def` by an `async def` without decorating it again.
        spec.function = getattr(cls, spec.method)
        spec.is_async = inspect.iscoroutinefunction(spec.function)
    return found


def periodics_of(cls: type) -> list[PeriodicSpec]:
    """The periodic methods of a node class, those of its bases first."""
    found: dict[str, PeriodicSpec] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            spec = getattr(value, "_minicloud_periodic", None)
            if spec is not None:
                found[name] = spec
    return list(found.values())
