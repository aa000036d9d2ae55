"""Owns what stands for Python's randomness and identity during a run: seeded streams and names.

`random`'s functions are methods of one hidden generator, so that one is bent and they follow,
whatever name they go by. Each stand-in asks the gate who calls.
"""

from __future__ import annotations

import math
import os
import random
import socket
import sys
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from minicloud.kernel.guard.gate import gate
from minicloud.kernel.guard.words import DRAW, GENERATOR, MACHINE, SEEDING

__all__ = ["REAL_SEED", "STAND_INS", "SWAPS", "Numpy", "seed"]

_shared: Any = getattr(random.random, "__self__")  # noqa: B009 - typed as a plain function
_real_random = random.random
_real_bits = random.getrandbits
_real_gauss = random.gauss
REAL_SEED = random.Random.seed
_real_pid = os.getpid
_real_host = socket.gethostname
_real_node = uuid.getnode


def _bits(count: int) -> int:
    draw = gate.stream().draw
    value = 0
    for _ in range(0, count, 32):
        value = value << 32 | int(draw() * 4294967296)
    return value >> (-count % 32)


@wraps(_real_random)
def _random() -> float:
    return gate.stream().draw() if gate.gives("random.random", DRAW) else _real_random()


@wraps(_real_bits)
def _getrandbits(k: int, /) -> int:
    return _bits(k) if k >= 0 and gate.gives("random.getrandbits", DRAW) else _real_bits(k)


@wraps(_real_gauss)
def _gauss(mu: float = 0.0, sigma: float = 1.0) -> float:
    # The real one keeps the second of two numbers for whoever asks next, on any node.
    if not gate.gives("random.gauss", DRAW):
        return _real_gauss(mu, sigma)
    draw = gate.stream().draw
    length = math.sqrt(-2.0 * math.log(1.0 - draw()))
    return mu + math.cos(math.tau * draw()) * length * sigma


@wraps(REAL_SEED)
def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
    if a is None and gate.gives("random.Random", GENERATOR):
        a = _bits(64)
    REAL_SEED(self, a, version)


def _of_all(function: Callable[..., Any]) -> Callable[..., Any]:
    """`seed` and `setstate` of the shared generator: in a run nothing reads it."""

    @wraps(function)
    def stand_in(*args: Any, **kwargs: Any) -> None:
        if not gate.gives(f"random.{function.__name__}", SEEDING):
            function(*args, **kwargs)

    return stand_in


def _bytes(function: Callable[..., bytes]) -> Callable[..., bytes]:
    name = f"os.{function.__name__}"

    @wraps(function)
    def stand_in(size: int, *args: Any) -> bytes:
        if size < 0 or not gate.gives(name, DRAW):
            return function(size, *args)
        return _bits(size * 8).to_bytes(size, "little")

    return stand_in


@wraps(_real_pid)
def _getpid() -> int:
    # Libraries compare it with what they saw at import, to notice a fork: theirs stays real. So
    # does a scenario's, which may send itself a signal.
    if gate.in_node:
        gate.gives("os.getpid", MACHINE)
    return _real_pid()


@wraps(_real_host)
def _gethostname() -> str:
    return gate.identity()[0] if gate.gives("socket.gethostname", MACHINE) else _real_host()


@wraps(_real_node)
def _getnode() -> int:
    # The lowest bit of the first byte marks a number that no network card has (RFC 9562, 6.10).
    return gate.identity()[1] | 1 << 40 if gate.gives("uuid.getnode", MACHINE) else _real_node()


def _all() -> dict[Any, Any]:
    found: dict[Any, Any] = {
        random.random: _random,
        random.getrandbits: _getrandbits,
        random.gauss: _gauss,
        random.seed: _of_all(random.seed),
        random.setstate: _of_all(random.setstate),
        os.getpid: _getpid,
        os.urandom: _bytes(os.urandom),
        socket.gethostname: _gethostname,
        uuid.getnode: _getnode,
    }
    if hasattr(os, "getrandom"):
        found[os.getrandom] = _bytes(os.getrandom)
    return found


STAND_INS: dict[Any, Any] = _all()
"""Each real function with its stand-in."""

SWAPS: list[tuple[dict[str, Any], str, Any]] = [
    (vars(_shared), "random", _random),
    (vars(_shared), "getrandbits", _getrandbits),
    (vars(_shared), "gauss_next", None),
    *(
        (vars(uuid), name, None)
        for name in sorted(vars(uuid))
        # What `uuid1` and its like remember of the last one, and the C function that they ask.
        if name == "_generate_time_safe" or name.startswith("_last_")
    ),
]
"""Values that are put in a place by name: a namespace, the name, and what it holds in a run."""


class Numpy:
    """NumPy's shared generator, seeded for the length of a run and then as it was."""

    __slots__ = ("_before", "_own")

    def __init__(self) -> None:
        self._before: Any = None
        self._own: Any = None

    def enter(self, seed: Callable[[], int]) -> None:
        """Seed it, or take up where this run left it."""
        numpy: Any = sys.modules.get("numpy.random")
        if numpy is None:
            return
        self._before = numpy.get_state()
        if self._own is None:
            numpy.seed(seed())
        else:
            numpy.set_state(self._own)

    def leave(self) -> None:
        """Give it back."""
        numpy: Any = sys.modules.get("numpy.random")
        if numpy is None or self._before is None:
            return
        self._own = numpy.get_state()
        numpy.set_state(self._before)
        self._before = None
