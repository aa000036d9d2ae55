"""Owns a server's applied state: answers, watchers that wait, and when what expires is due.

Knows no log and no leader: whoever orders commands calls `apply`, and is asked to order an `Expire`
when one is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minicloud.node.messages.later import Later
from minicloud.node.node import Node
from minicloud.protocols.kv import Changes, Command, Done, KeyValues, ReadCommand
from minicloud.protocols.kv.once import Once

if TYPE_CHECKING:
    from minicloud.node.machine.timers import Timer

__all__ = ["Applied"]

_NS = 1_000_000_000


class Applied:
    """A `KeyValues` with its memory of requests, on a node.

    now_ns: the time by which commands are stamped. expire: orders an `Expire`; it is called when
    something is due while `leading`, again after a second if that came to nothing.
    """

    def __init__(
        self,
        node: Node,
        state: KeyValues,
        *,
        now_ns: Callable[[], int],
        expire: Callable[[], None],
    ) -> None:
        self._node = node
        self._now_ns = now_ns
        self._expire = expire
        self._timer: Timer | None = None
        self._due_ns: int | None = None
        self._leading = False
        self._waiting: list[tuple[Changes, Later[Done]]] = []
        self.once = Once(state)
        self.state = state

    # Commands and questions.

    def apply(
        self, command: Command, at_ns: int, client: str = "", serial: int = 0, closed: int = 1
    ) -> Done | None:
        """Carry out the next command of the order. None where it came again and nobody waits."""
        before = self.state.revision
        done = self.once.apply(command, at_ns, client, serial, closed)
        if self.state.revision != before and self._waiting:
            self._tell()
        self.arm()
        return done

    def read(self, command: ReadCommand, at_ns: int | None = None) -> Later[Done]:
        """Answer from the state as it is, by this node's time unless a stamp is given.

        `Changes` with nothing to tell may wait for the next change.
        """
        reply: Later[Done] = Later()
        done = self.state.read(command, self._now_ns() if at_ns is None else at_ns)
        if isinstance(command, Changes) and command.wait_ns > 0 and done.value == []:
            entry, reply.idle = (command, reply), True
            self._waiting.append(entry)
            self._node.after(command.wait_ns / _NS, self._give_up, entry)
        else:
            reply.give(done)
        return reply

    def _tell(self) -> None:
        """Somebody may have waited for what just happened."""
        waiting, self._waiting = self._waiting, []
        for command, reply in waiting:
            done = self.state.read(command)
            if done.value == []:
                self._waiting.append((command, reply))
            else:
                reply.give(done)

    def _give_up(self, entry: tuple[Changes, Later[Done]]) -> None:
        if entry in self._waiting:
            self._waiting.remove(entry)
            entry[1].give(self.state.read(entry[0]))

    # Expiry.

    def lead(self, *, leading: bool) -> None:
        """From now on this node orders commands, or no more."""
        self._leading = leading
        self.arm()

    def arm(self) -> None:
        """See to it that `expire` is called when the next key or lease is due."""
        due_ns = self.state.next_expiry_ns if self._leading else None
        if due_ns == self._due_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due_ns = due_ns
        if due_ns is not None:
            wait_ns = max(1, due_ns - self._now_ns())
            self._timer = self._node.after(wait_ns / _NS, self._ring)

    def _ring(self) -> None:
        self._timer = self._due_ns = None
        due_ns = self.state.next_expiry_ns
        if due_ns is None or not self._leading:
            return
        if due_ns > self._now_ns():
            self.arm()  # the clock was set back, or a sign of life came
            return
        self._due_ns = due_ns
        self._timer = self._node.after(1.0, self._ring)
        self._expire()

    # Snapshots.

    def dump(self) -> Any:
        """State and memory of requests, as plain data."""
        return self.once.dump()

    def load(self, data: Any) -> None:
        """Become what `dump` gave; whoever waits goes on waiting."""
        self.once.load(data)
        self._tell()
        self.arm()
