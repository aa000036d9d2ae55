"""Owns the trace of one run: gathers records, digests what happened, writes blocks to disk.

Records wait in a list and are encoded a block at a time, which costs a tenth of encoding each. The
digest runs over the encoded records of what happened, not over observations (notes, shown state),
so it is the same whether or not a trace is written, and wherever the blocks end.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from minicloud.kernel.records import BLOCK, OBSERVATIONS

__all__ = ["Trace"]

_BLOCK_RECORDS = 100
"""Few enough that a block is still in the cache when it is encoded."""

_BUFFER_BYTES = 1 << 18
_FIXARRAY_MAX = 15
_ARRAY16_MAX = 0xFFFF


def _body(block: bytes, count: int) -> memoryview:
    """The encoded records without the array header, which depends on where the block ends."""
    header = 1 if count <= _FIXARRAY_MAX else 3 if count <= _ARRAY16_MAX else 5
    return memoryview(block)[header:]


class Trace:
    """Where every record of a run goes.

    `emit` takes a record of something that happened; `observe` one that only looks on, and does
    nothing unless a file is written.
    """

    def __init__(self, path: Path | None = None, *, sites: bool = False) -> None:
        self._pending: list[tuple[Any, ...]] = []
        self._hash = sha256()
        self._encode = msgspec.msgpack.Encoder().encode
        self._file = path.open("wb", buffering=_BUFFER_BYTES) if path is not None else None
        self._sealed = False
        self._observed = False
        self.path = path
        self.sites = sites and path is not None
        self.emit: Callable[[tuple[Any, ...]], None] = self._pending.append

    @property
    def sealed(self) -> bool:
        """Whether nothing that is emitted from now on counts."""
        return self._sealed

    def observe(self, record: tuple[Any, ...]) -> None:
        """Note something for readers that is not part of what happened."""
        if self._file is not None and not self._sealed:
            self._observed = True
            self._pending.append(record)

    def flush_if_full(self) -> None:
        """Encode and write what waits, if it makes a block."""
        if len(self._pending) >= _BLOCK_RECORDS:
            self._flush()

    def seal(self) -> None:
        """End the trace: what is emitted later goes nowhere."""
        if not self._sealed:
            self._flush()
            self._sealed = True

    def digest(self) -> str:
        """32 hexadecimal digits of SHA-256 over all that happened, up to now or to the seal."""
        if not self._sealed:
            self._flush()
        return self._hash.hexdigest()[:32]

    def close(self) -> None:
        """Close the file, if there is one."""
        self._pending.clear()
        if self._file is not None:
            self._file.close()

    def _flush(self) -> None:
        pending = self._pending
        if not pending:
            return
        block = self._encode(pending)
        if self._observed:
            happened = [record for record in pending if record[0] < OBSERVATIONS]
            self._hash.update(_body(self._encode(happened), len(happened)))
            self._observed = False
        else:
            self._hash.update(_body(block, len(pending)))
        if self._file is not None:
            self._file.write(BLOCK.pack(len(block)))
            self._file.write(block)
        # In place: `emit` is bound to this very list.
        pending.clear()
