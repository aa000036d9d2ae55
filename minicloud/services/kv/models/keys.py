"""Owns keys whose order is that of the values they are made of; knows no store.

A store sorts its keys as texts. To be found in ranges, numbers, texts and tuples become texts that
sort alike. Each encoding ends where it can be seen to end, so that none is the beginning of
another, and values can be put one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minicloud.errors import UsageError

__all__ = ["encode"]

_END = " "
"""Below whatever may stand in its place; texts that hold one have it escaped."""
_ESCAPED = {code: "!" + chr(ord("0") + code) for code in range(ord("!") + 1)}
_OPPOSITE = str.maketrans("0123456789abcdef ", "fedcba9876543210~")
_BIAS, _TOP = 0x8000, 0xFFFF


def encode(values: Sequence[Any], *, descending: Sequence[bool] = ()) -> str:
    """A text for each sequence of values; texts sort as the sequences do, the shorter first.

    Values are None, booleans, numbers, texts, bytes and sequences of them; of different kinds, in
    this order. 1 and 1.0 are one number, True is none. `descending` says of which values the order
    is turned round. Raises `UsageError` for other values, NaN among them.
    """
    texts = [_one(value) for value in values]
    for at, down in enumerate(descending[: len(texts)]):
        if down:
            # Bytes of UTF-8 sort as the characters do, and none of them is above 255.
            texts[at] = "".join(f"{255 - byte:02x}" for byte in texts[at].encode())
    return "".join(texts)


def _one(value: Any) -> str:
    if value is None:
        return "a"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, int | float):
        return "n" + _number(value)
    if isinstance(value, str):
        return "s" + _text(value) + _END
    if isinstance(value, bytes):
        return "x" + value.hex() + _END
    if isinstance(value, list | tuple):
        return "z" + encode(value) + _END
    raise UsageError(
        f"{value!r} can't be part of a key: give None, a boolean, a number, a text, bytes, or a "
        "list of them"
    )


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{value!r} can't be part of a key: it is no Unicode text") from None
    return value.translate(_ESCAPED)


def _number(value: float) -> str:
    """The sign, the power of two and the bits after the first: exact for all but huge numbers."""
    infinite = isinstance(value, float) and math.isinf(value)
    if isinstance(value, float) and math.isnan(value):
        raise UsageError("NaN can't be part of a key: it has no place among numbers")
    if not value:
        return "1"
    text = f"{_TOP:04x}" if infinite else _bits(value)
    return "2" + text + _END if value > 0 else "0" + (text + _END).translate(_OPPOSITE)


def _bits(value: float) -> str:
    above, below = abs(value).as_integer_ratio()
    width = above.bit_length() - 1
    power = width - (below.bit_length() - 1) + _BIAS
    if power >= _TOP:
        raise UsageError(f"a number of {width} bits is too long for a key: give it as a text")
    rest, filled = above - (1 << width), -width % 4
    bits = f"{rest << filled:0{(width + filled) // 4}x}" if width else ""
    return f"{power:04x}" + bits.rstrip("0")
