"""Owns messages: frozen structs with a kind, a payload and, for requests, a reply type.

A kind is `service.Name`, declared by the service (`class Put(Request[Version], service="kv")`),
never taken from a module path, so moving a class changes no digest. Bytes are made at the sender
and read at the receiver: no two nodes ever share an object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
)

import msgspec

from minicloud.errors import UsageError
from minicloud.kernel.guard import real_names

__all__ = ["Message", "Request", "encode", "kind_of"]

if TYPE_CHECKING:
    from msgspec import StructMeta as _StructMeta
else:
    _StructMeta = type(msgspec.Struct)  # older releases have no public name for it

R = TypeVar("R")

encode: Callable[[Any], bytes] = msgspec.msgpack.Encoder(order="deterministic").encode
"""To bytes. `order="deterministic"` sorts sets and mappings: a set's own order differs by process.
"""


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class _MessageMeta(_StructMeta):
    """Makes structs frozen without saying so, and gives each its kind."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        service: str | None = None,
        **config: Any,
    ) -> Any:
        config.setdefault("frozen", True)
        cls: Any = super().__new__(mcls, name, bases, namespace, **config)
        if service is None:
            service = next((b._service for b in bases if hasattr(b, "_service")), "")
        cls._service = service
        cls._kind = f"{service}.{name}" if service else name
        cls._decoder = None
        cls._reply_decoder = None
        frame = sys._getframe(1)
        cls._reply_type = _reply_type(cls, namespace, {**frame.f_globals, **frame.f_locals})
        return cls


def _reply_type(cls: Any, namespace: dict[str, Any], names: dict[str, Any]) -> Any:
    for base in namespace.get("__orig_bases__", ()):
        if getattr(get_origin(base), "__name__", "") == "Request":
            (reply,) = get_args(base)
            forward = getattr(reply, "__forward_arg__", None)
            if forward is not None:
                try:
                    return eval(forward, {**names, cls.__name__: cls})  # noqa: S307 - an annotation
                except NameError as error:
                    raise UsageError(f"{cls.__name__}: reply type {forward!r}: {error}") from None
            return reply
    return getattr(cls, "_reply_type", None)


class Message(msgspec.Struct, metaclass=_MessageMeta):
    """A one-way message. Subclass it with annotated fields; instances are frozen."""

    _kind: ClassVar[str]
    _service: ClassVar[str]
    _reply_type: ClassVar[Any]
    _decoder: ClassVar[Any]
    _reply_decoder: ClassVar[Any]

    if TYPE_CHECKING:

        def __init_subclass__(cls, *, service: str | None = None, **config: Any) -> None: ...


class Request(Message, Generic[R]):
    """A message with a reply: `class Get(Request[bytes]): key: str`."""


def kind_of(shape: type[Message] | str) -> str:
    """The kind of a message class, or the kind itself."""
    return shape if isinstance(shape, str) else shape._kind


def decoder_of(shape: Any) -> Callable[[bytes], Any]:
    """The decoder of a message class; made once a class."""
    if shape._decoder is None:
        with real_names():
            shape._decoder = msgspec.msgpack.Decoder(shape)
    return shape._decoder.decode  # type: ignore[no-any-return]


def reply_decoder_of(shape: Any) -> Callable[[bytes], Any]:
    """The decoder of a request's reply; made once a class."""
    if shape._reply_decoder is None:
        reply = shape._reply_type
        with real_names():
            shape._reply_decoder = msgspec.msgpack.Decoder(Any if reply is None else reply)
    return shape._reply_decoder.decode  # type: ignore[no-any-return]
