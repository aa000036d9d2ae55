"""Random histories for the meta-tests: of objects that keep their word, and of objects that break
it.

A client invokes, its operation takes effect at some instant before it returns (that is what makes
the history linearizable), and it returns. Planting changes one thing about that.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

from minicloud.check import History

MS = 1_000_000
MODELS = ("register", "cas-register", "kv", "mutex", "queue")


class Pending(msgspec.Struct):
    invocation: int
    f: str
    value: Any
    effective: bool = False
    outcome: str = "ok"
    result: Any = None


class Object:
    """One object that keeps its word. `act` answers (outcome, result) and changes the state."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.state: Any = {"mutex": "free", "queue": ()}.get(model)

    def act(self, f: str, value: Any) -> tuple[str, Any]:
        return getattr(self, f)(value)

    def read(self, _: Any) -> tuple[str, Any]:
        return "ok", self.state

    def get(self, _: Any) -> tuple[str, Any]:
        return "ok", "" if self.state is None else self.state

    def write(self, value: Any) -> tuple[str, Any]:
        self.state = value
        return "ok", None

    put = write

    def append(self, value: str) -> tuple[str, Any]:
        self.state = (self.state or "") + value
        return "ok", None

    def delete(self, _: Any) -> tuple[str, Any]:
        self.state = None
        return "ok", None

    def cas(self, value: list[Any]) -> tuple[str, Any]:
        if self.state != value[0]:
            return "fail", None
        self.state = value[1]
        return "ok", None

    def acquire(self, _: Any) -> tuple[str, Any]:
        if self.state == "held":
            return "fail", None
        self.state = "held"
        return "ok", None

    def release(self, _: Any) -> tuple[str, Any]:
        if self.state == "free":
            return "fail", None
        self.state = "free"
        return "ok", None

    def enqueue(self, value: Any) -> tuple[str, Any]:
        self.state = (*self.state, value)
        return "ok", None

    def dequeue(self, _: Any) -> tuple[str, Any]:
        if not self.state:
            return "ok", None
        head, self.state = self.state[0], self.state[1:]
        return "ok", head


def ask(model: str, rng: random.Random, number: int, values: int) -> tuple[str, Any]:
    """What a client asks next. `values` 0 makes every written value another."""
    value = number if values == 0 else rng.randrange(values)
    roll = rng.random()
    if model == "register":
        return ("read", None) if roll < 0.5 else ("write", value)
    if model == "cas-register":
        if roll < 0.4:
            return "read", None
        limit = max(values, 2)
        return (
            ("write", value)
            if roll < 0.7
            else ("cas", [rng.randrange(limit), rng.randrange(limit)])
        )
    if model == "kv":
        text = "abcdefgh"[value % 8] if values else f"<{number}>"
        table = [("get", None), ("get", None), ("append", text), ("put", text), ("delete", None)]
        return table[int(roll * 4.4)]
    if model == "mutex":
        return ("acquire", None) if roll < 0.5 else ("release", None)
    return ("enqueue", value) if roll < 0.55 else ("dequeue", None)


Plant = Callable[[random.Random, Object, Pending], None]


def history(
    model: str,
    seed: int,
    *,
    operations: int,
    clients: int,
    unknown: float = 0.1,
    values: int = 3,
    act: Callable[[random.Random, Object, Pending], None] | None = None,
) -> History:
    """A random history of one object. `act` may replace what the object does for one operation."""
    rng = random.Random(seed)
    thing, recorded = Object(model), History()
    process = list(range(clients))
    busy: dict[int, Pending] = {}
    asked = now = 0
    while asked < operations or busy:
        now += rng.randrange(1, 5) * 1_000_000
        idle = [client for client in range(clients) if client not in busy]
        if idle and asked < operations and rng.random() < 0.5:
            client = rng.choice(idle)
            f, value = ask(model, rng, asked, values)
            invocation = recorded.invoke(time=now, process=process[client], f=f, value=value)
            busy[client] = Pending(invocation, f, value)
            asked += 1
            continue
        if not busy:
            continue
        client = rng.choice(list(busy))
        pending = busy[client]
        if rng.random() < unknown:
            if rng.random() < 0.5 and not pending.effective:
                thing.act(pending.f, pending.value)
            recorded.complete(pending.invocation, time=now, type="info")
            process[client] = max(process) + 1
            del busy[client]
        elif not pending.effective:
            (act or honest)(rng, thing, pending)
            pending.effective = True
        else:
            recorded.complete(
                pending.invocation, time=now, type=pending.outcome, value=pending.result
            )
            del busy[client]
    return recorded


def honest(rng: random.Random, thing: Object, pending: Pending) -> None:
    pending.outcome, pending.result = thing.act(pending.f, pending.value)


def recorded(*operations, service=None):
    """Operations one after another: (f, key, argument, outcome, result)."""
    history = History()
    for number, (f, key, argument, outcome, result) in enumerate(operations):
        invocation = history.invoke(
            time=2 * number * MS, process=number, f=f, key=key, value=argument, service=service
        )
        history.complete(invocation, time=(2 * number + 1) * MS, type=outcome, value=result)
    return history


GOOD = recorded(("write", "x", 1, "ok", None), ("read", "x", None, "ok", 1))
BAD = recorded(("write", "x", 1, "ok", None), ("read", "x", None, "ok", 2))


def merged(*histories):
    """Several histories, one after another in time, with processes of their own."""
    whole, time, process = History(), 0, 0
    for history in histories:
        numbers, open_ = {}, {}
        for event in history.events:
            number = numbers.setdefault(event.process, process + len(numbers))
            at = time + event.time
            if event.type == "invoke":
                open_[event.process] = whole.invoke(
                    time=at,
                    process=number,
                    f=event.f,
                    key=event.key,
                    value=event.value,
                    service=event.service,
                )
            else:
                whole.complete(open_[event.process], time=at, type=event.type, value=event.value)
        process += len(numbers)
        time = whole.events[-1].time
    return whole
