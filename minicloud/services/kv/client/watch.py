"""Owns a watch: the changes of a range in their order, whatever happens to the store meanwhile.

It asks for what came after the last revision that it has told whole. So it needs no connection that
must not break, and no server that remembers it: nothing is told twice, nothing is left out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from minicloud.errors import CallError, Refused
from minicloud.protocols.kv import Change, Changes, Done, Scan
from minicloud.protocols.kv.commands import revision_of

if TYPE_CHECKING:
    from minicloud.services.kv.client.client import KvClient
    from minicloud.services.kv.client.words import Options

__all__ = ["Compacted", "Watch", "changes_of"]

_BATCH = 100


class Compacted(Refused):
    """The changes that were asked for are forgotten, up to `revision`.

    Scan again, and watch from the revision of what you found.
    """

    def __init__(self, message: str = "", revision: int = 0) -> None:
        super().__init__(message)
        self.revision = revision


class Watch:
    """Changes, one by one: `async for change in client.watch("a", "b", since=revision)`.

    Each is a `kv.Change` with revision, key and value (None: deleted, or expired). Raises
    `kv.Compacted` where the store has forgotten what comes next. A store that can't be reached is
    asked again until it answers.

    wait: seconds for which the store may keep a question while there is nothing to tell. every:
    seconds between questions where it answers at once.
    """

    def __init__(
        self,
        client: KvClient,
        first: str,
        last: str | None,
        *,
        since: int | None,
        wait: float,
        every: float,
        options: Options,
    ) -> None:
        self._client = client
        self._range = first, last
        self._wait = wait
        self._every = every
        self._options = options
        self._found: deque[Change] = deque()
        self._upto = self.since = _revision(since)
        """The last revision that was told whole: whoever watches from there on misses nothing.
        None: it has not begun."""

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Change:
        while not self._found:
            await self._ask()
        change = self._found.popleft()
        if not self._found:
            self.since = self._upto
        elif self._found[0].revision != change.revision:
            self.since = change.revision
        return change

    async def more(self) -> list[Change]:
        """Ask once, for at most `wait` seconds: what has happened, perhaps nothing."""
        await self._ask()
        found = list(self._found)
        self._found.clear()
        self.since = self._upto
        return found

    async def _ask(self) -> None:
        """Learn what came after what is known, or that nothing did."""
        began = self._client.clock.monotonic()
        try:
            if self._upto is None:
                done = await self._client.perform(Scan(limit=0), **self._options)
                self._upto = self.since = _revision(done.position)
                return
            done = await self._client.perform(self._question(self._upto), **self._patience())
        except Compacted:
            raise
        except CallError:
            await self._client.sleep(self._every)
            return
        self._take(done)
        if not self._found and self._client.clock.monotonic() - began < self._wait / 2:
            await self._client.sleep(self._every)

    def _question(self, since: int) -> Changes:
        first, last = self._range
        return Changes(since, first, last, _BATCH, round(self._wait * 1_000_000_000))

    def _patience(self) -> Options:
        options = self._options.copy()
        options["timeout"] = self._wait + (options.get("timeout") or 1.0)
        return options

    def _take(self, done: Done) -> None:
        assert self._upto is not None
        # A replica that is behind tells nothing new, and takes nothing back.
        self._found.extend(change for change in changes_of(done) if change.revision > self._upto)
        # the rule: the next question begins where this answer ended, and not where the store is
        self._upto = max(self._upto, done.position)
        if not self._found:
            self.since = self._upto


def _revision(position: Any) -> Any:
    """Changes have revisions; what a scan or a session knows is a position. Where there are several
    orders of writes it is no number, and the store says that nobody can watch it.
    """
    return revision_of(position) if isinstance(position, int) else position


def changes_of(done: Done) -> list[Change]:
    """The changes in an answer, which may have come over the wire. Raises `Compacted`."""
    value: Any = done.value
    if isinstance(value, list):
        return [Change(*change) if isinstance(change, list) else change for change in value]
    revision = value["revision"] if isinstance(value, dict) else value.revision
    raise Compacted(
        f"changes up to revision {revision} are forgotten: scan again, and watch from what "
        "the scan says",
        revision,
    )
