"""Owns the store's client: every operation, recorded; knows no engine.

How a request is carried out is the engine's business (`Engine`). Whatever it is, nothing is asked
twice behind the caller's back: a request ends in a reply, in a refusal or in `OutcomeUnknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import msgspec

from minicloud.errors import Refused, UsageError
from minicloud.protocols.kv import (
    Add,
    Cas,
    Command,
    Compare,
    Delete,
    Done,
    Get,
    Put,
    Scan,
    Transact,
)
from minicloud.services.kv.client.demand import OF_SESSIONS, Consistency, Demand, EngineSpec
from minicloud.services.kv.client.leases import Lease
from minicloud.services.kv.client.locks import Lock
from minicloud.services.kv.client.merging import MergingClient
from minicloud.services.kv.client.session import Session
from minicloud.services.kv.client.watch import Watch
from minicloud.services.kv.client.words import Options, Scanned, span_ns, told_of, version_of

__all__ = ["KvClient", "NotDone"]

_OF_A_SESSION = (Consistency.CAUSAL, *OF_SESSIONS)


class NotDone(Refused):
    """The store took the command and could not do it, as to add to a text: nothing has changed."""


class KvClient(MergingClient):
    """A caller of one store. Every call is recorded as an operation.

    All take the same options, for this request only. `level` is what a read may be told, such as
    `kv.LINEARIZABLE`; `session` is the `kv.Session` that the request belongs to, the client's own
    unless given; `r` replicas must answer a question and `w` must keep a value, each a number or
    `kv.ONE`, `kv.QUORUM`, `kv.ALL`; `timeout` is in seconds of the client's clock, for the whole
    request.

    All raise `Unavailable` where too few replicas answered and nothing was written, `NotDone` where
    the store could not do it, `OutcomeUnknown` where a write may have happened, `UsageError` for
    what the store can't do or can't promise.
    """

    def __init__(self, *, spec: EngineSpec, store: str, nodes: tuple[str, ...]) -> None:
        self.service = store
        self._engine = spec.engine(self, nodes)
        life = self._core.label
        # What a client remembered is gone with its power: the next life is another session.
        self.session = Session(self.name if life == f"{self.name}.1" else life)
        """What this client has read and written, for levels of a session."""

    async def get(self, key: str, **options: Unpack[Options]) -> Any:
        """The value of a key; None where there is none, or it was deleted, or has expired."""
        self._check_key(key)
        return (await self._do("read", Get(key), options, key=key, result=_value)).value

    async def put(
        self,
        key: str,
        value: Any,
        *,
        ttl: float | None = None,
        lease: int | Lease | None = None,
        context: Any = None,
        **options: Unpack[Options],
    ) -> None:
        """Give a key a value: plain data, and not None, which is how a key without one reads.

        ttl: seconds after which it is gone, by the clock of whoever orders writes. lease: a
        lease, or its number, with which it is gone. A later put without them lets it live for good.
        context: what the writer had read, for a store that keeps siblings (`kv.Siblings.context`).
        """
        self._check_key(key)
        if value is None:
            raise UsageError(f"put({key!r}, None): write delete({key!r}) to take a value away")
        if ttl is not None and lease is not None:
            raise UsageError(f"put({key!r}, …): give ttl= or lease=, not both")
        ttl_ns = None if ttl is None else span_ns(f"put({key!r}, …, ttl={ttl!r})", ttl)
        number = lease.number if isinstance(lease, Lease) else lease or 0
        # Another name in the history: such a key may be found empty at any later time.
        f = "write" if ttl_ns is None and not number else "lend"
        command = Put(key, value, ttl_ns, number, context)
        await self._do(f, command, options, key=key, value=value)

    async def delete(self, key: str, *, context: Any = None, **options: Unpack[Options]) -> None:
        """Take a key's value away; `context` as for `put`. Recorded as a write of None."""
        self._check_key(key)
        await self._do("write", Delete(key, context), options, key=key)

    async def cas(self, key: str, old: Any, new: Any, **options: Unpack[Options]) -> bool:
        """Give a key the value `new` if it has the value `old`; None is no value. Says whether.

        How long the key lives stays as it was.
        """
        self._check_key(key)
        command = Cas(key, old, new)
        done = await self._do("cas", command, options, key=key, value=[old, new], result=_value)
        return bool(done.value)

    async def add(self, key: str, by: int = 1, **options: Unpack[Options]) -> int:
        """Add to a number, which is 0 where there is none; the sum, as far as it is known there."""
        self._check_key(key)
        if isinstance(by, bool) or not isinstance(by, int):
            raise UsageError(f"add({key!r}, {by!r}): give a whole number")
        done = await self._do("add", Add(key, by), options, key=key, value=by, result=_value)
        total: int = done.value
        return total

    async def transact(
        self,
        when: Sequence[Compare] = (),
        then: Sequence[Get | Put | Delete | Add] = (),
        otherwise: Sequence[Get | Put | Delete | Add] = (),
        **options: Unpack[Options],
    ) -> tuple[bool, list[Any]]:
        """If all of `when` holds do `then`, else `otherwise`, as one step.

        Gives whether it held, and what each command of the branch gave. Recorded as
        {"when": [[key, of, sign, than], …], "then": …, "otherwise": …} with ["put", key, value],
        ["get", key], ["delete", key] or ["add", key, by] each.
        """
        command = Transact(tuple(when), tuple(then), tuple(otherwise))
        told = told_of(command)
        done = await self._do("transact", command, options, value=told, result=_value)
        held, values = done.value
        return held, values

    async def scan(
        self,
        first: str = "",
        last: str | None = None,
        *,
        limit: int | None = None,
        **options: Unpack[Options],
    ) -> Scanned:
        """The keys from `first` on, below `last` (None: to the end), with values, in order."""
        if limit is not None and not limit >= 0:
            raise UsageError(f"scan(limit={limit!r}): give a number from 0")
        command = Scan(first, last, limit)
        done = await self._do("scan", command, options, value=[first, last, limit], result=_value)
        return Scanned([(key, value) for key, value in done.value], done.position)

    # What follows the store for longer than a request.

    async def revision(self, **options: Unpack[Options]) -> int:
        """How often anything in the store has changed: where a watch from now on begins."""
        position: int = (await self.perform(Scan(limit=0), **options)).position
        return position

    def watch(
        self,
        first: str = "",
        last: str | None = None,
        *,
        since: int | None = None,
        wait: float = 1.0,
        every: float = 0.1,
        **options: Unpack[Options],
    ) -> Watch:
        """The changes of the keys from `first` on, below `last`, after the revision `since`.

        Without `since`, from when it is first asked. In order, gap-free, nothing twice.
        """
        return Watch(self, first, last, since=since, wait=wait, every=every, options=options)

    def lease(self, ttl: float, **options: Unpack[Options]) -> Lease:
        """A lease that lasts `ttl` seconds after each sign of life, by the store's clock."""
        return Lease(self, ttl, span_ns(f"lease(ttl={ttl!r})", ttl), options)

    def lock(self, name: str, *, ttl: float, **options: Unpack[Options]) -> Lock:
        """The lock of this name, lost `ttl` seconds after its holder's last sign of life."""
        self._check_key(name)
        return Lock(self, name, self.lease(ttl, **options), options)

    # The words in which a load, and whoever tests any store, speaks.
    read, write = get, put

    # How all of them are done.

    async def _do(
        self,
        f: str,
        command: Command,
        options: Options,
        *,
        key: str | None = None,
        value: Any = None,
        result: Callable[[Done], Any] | None = None,
    ) -> Done:
        plan, session = self._plan(command, options)
        given = options.get("session")
        name = None if given is None and session.name == self.name else session.name
        async with self.recording(f, key=key, value=value, session=name) as op:
            done = await self._answer(command, plan, session)
            op.version = version_of(command, done)
            op.value = None if result is None else result(done)
        return done

    async def perform(self, command: Command, **options: Unpack[Options]) -> Done:
        """Carry out a command that is no operation of the history, as to keep a lease alive."""
        plan, session = self._plan(command, options)
        return await self._answer(command, plan, session)

    async def _answer(self, command: Command, plan: Any, session: Session) -> Done:
        done = await self._engine.perform(command, plan)
        if done.error is not None:
            raise NotDone(f"{self.service}: {done.error}")
        session.note(command, done)
        return done

    def _plan(self, command: Command, options: Options) -> tuple[Any, Session]:
        """Complain before anything is recorded: a wrong call is no operation."""
        session = options.get("session")
        try:
            demand = Demand(**options)
        except TypeError:
            strange = [name for name in options if name not in Options.__annotations__]
            raise UsageError(
                f"{self.name}: there is no option {strange[0]}=: a call takes "
                f"{', '.join(Options.__annotations__)}"
            ) from None
        if demand.timeout is not None and not demand.timeout >= 0:
            raise UsageError(f"{self.name}: timeout={demand.timeout!r}: give seconds from 0")
        if session is None:
            session = self.session
            if demand.level in _OF_A_SESSION:
                demand = msgspec.structs.replace(demand, session=session)
        return self._engine.plan(command, demand), session

    def _check_key(self, key: object) -> None:
        if not isinstance(key, str):
            raise UsageError(f"{self.name}: a key is a str, not {key!r}")


def _value(done: Done) -> Any:
    return done.value
