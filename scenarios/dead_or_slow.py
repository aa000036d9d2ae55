"""dead-or-slow: a machine does not answer. Is it dead, or slow, or is it the wire between?"""

from minicloud import (
    Client,
    Cloud,
    Node,
    OutcomeUnknown,
    Request,
    breaks,
    handle,
    holds,
    operation,
    scenario,
)


class Ping(Request[str]):
    """Are you there?"""


class Bob(Node):
    """He answers, as long as he can."""

    @handle
    def ping(self, request: Ping) -> str:
        return "here"


class Watcher(Client):
    """Pings Bob twice a second, and calls him dead when he was silent for longer than `patience`."""

    def __init__(self, *, patience: float) -> None:
        self.patience = patience
        self.says_dead_since: float | None = None
        self.false_alarms = 0

    @operation()
    async def ping(self) -> str:
        return await self.call("bob", Ping(), timeout=0.5)

    async def main(self) -> None:
        heard = self.clock.now()
        while True:
            try:
                await self.ping()
                heard = self.clock.now()
                if self.says_dead_since is not None:
                    self.false_alarms += 1
                    self.says_dead_since = None
            except OutcomeUnknown:
                # the rule: silence proves nothing; wait until nothing else explains it
                if self.says_dead_since is None and self.clock.now() - heard > self.patience:
                    self.says_dead_since = self.clock.now()
            await self.sleep(0.5)


@scenario(patient=holds(patience_s=8.0), hasty=breaks("never_wrong", patience_s=1.0))
async def dead_or_slow(cloud: Cloud, *, patience_s: float = 8.0, longest_s: float = 4.0) -> None:
    """Ann pings Bob. The wire is cut, his answers get lost, he is slow, he pauses; then he dies.

    From where Ann sits these five are one and the same: silence. All she can choose is for how long
    she waits before she calls it death. The five other watchers choose otherwise; the notes show what
    each paid: false alarms, or a death that was noticed late. None of them is both fast and never
    wrong, and Ann, who is never wrong here, owes that to `longest_s`: no trouble lasts longer.

    Try: --set longest_s=12, and patience was not enough. A network promises no such number.
    """
    bob = cloud.node("bob", Bob)
    ann = cloud.client("ann", Watcher, patience=patience_s)
    row = [cloud.client(f"waits-{s:g}", Watcher, patience=s) for s in (0.5, 1.0, 2.0, 5.0, 8.0)]
    chance = cloud.stream("troubles")

    await cloud.sleep(5)
    for trouble, fault in (
        ("the wire is cut", lambda: cloud.net.isolate(bob)),
        ("Bob hears them, but his answers get lost", lambda: cloud.net.one_way(bob, [ann, *row])),
        ("Bob is slow: two seconds for each answer", lambda: bob.slow(by=2.0)),
        ("Bob pauses", bob.pause),
    ):
        cloud.note(trouble)
        with fault():
            await cloud.sleep(chance.uniform(longest_s - 1, longest_s))
        await cloud.sleep(5)
    cloud.note("Bob loses power, for good")
    died = cloud.now
    bob.crash()
    await cloud.sleep(patience_s + 7)

    def delay(watcher: Watcher) -> float:
        since = watcher.says_dead_since
        return float("inf") if since is None else since - died

    for watcher in (ann, *row):
        wrong, late = watcher.false_alarms, delay(watcher)
        cloud.note(f"{watcher.name}: {wrong} false alarms, noticed the death after {late:.1f} s")

    def no_call_was_called_failed() -> bool:
        """A ping without an answer is neither a yes nor a no."""
        return all(op.outcome in ("ok", "info") for op in cloud.history.operations())

    def never_wrong() -> None:
        assert not ann.false_alarms, f"Ann called a living Bob dead {ann.false_alarms} times"

    def noticed_in_the_end() -> bool:
        return delay(ann) <= patience_s + 2

    def nobody_is_both_fast_and_never_wrong() -> bool:
        return not any(delay(w) < 2 and not w.false_alarms for w in row)

    cloud.check(no_call_was_called_failed, never_wrong, noticed_in_the_end)
    cloud.check(nobody_is_both_fast_and_never_wrong)
