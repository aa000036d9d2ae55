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

NEVER = float("inf")


class Ping(Request[str]):
    """Are you there?"""


class Bob(Node):
    """He answers, as long as he can."""

    @handle
    def ping(self, request: Ping) -> str:
        return "here"


class Watcher(Client):
    """Pings Bob again and again, and calls him dead when he was silent for too long."""

    def __init__(self, *, patience: float) -> None:
        self.patience = patience
        self.called_dead_at = NEVER
        self.false_alarms = 0

    @operation()
    async def ping(self) -> str:
        return await self.call("bob", Ping(), timeout=0.5)

    async def main(self) -> None:
        heard = self.clock.now()
        while True:
            try:
                await self.ping()
            except OutcomeUnknown:
                # the rule: silence proves nothing, so wait until nothing else explains it
                if self.clock.now() - heard > self.patience:
                    self.called_dead_at = min(self.called_dead_at, self.clock.now())
            else:
                heard = self.clock.now()
                self.false_alarms += self.called_dead_at < NEVER
                self.called_dead_at = NEVER
            await self.sleep(0.5)


@scenario(patient=holds(patience_s=8.0), hasty=breaks("never_wrong", patience_s=1.0))
async def dead_or_slow(cloud: Cloud, *, patience_s: float = 8.0, longest_s: float = 4.0) -> None:
    """Bob does not answer: dead, or slow, or is it the wire? Ann can't tell, and must decide.

    The wire is cut, his answers get lost, he is slow, he pauses; then he dies. From where Ann
    sits these five are one and the same: silence. All she can choose is how long she waits before
    she calls it death. Five other watchers choose otherwise, and the notes say what each pays:
    false alarms, or a death that is noticed late. None is both fast and never wrong. And Ann, who
    is never wrong here, owes that to `longest_s`: no trouble lasts longer than that.

    Try: --set longest_s=12, and patience was not enough. No real network promises such a number.
    """
    bob = cloud.node("bob", Bob)
    ann: Watcher = cloud.client("ann", Watcher, patience=patience_s)
    row = [cloud.client(f"waits-{s:g}", Watcher, patience=s) for s in (0.5, 1.0, 2.0, 5.0, 8.0)]
    chance = cloud.random.stream("troubles")

    for trouble, fault in (
        ("the wire is cut", lambda: cloud.net.isolate(bob)),
        ("Bob hears the pings, but his answers get lost", lambda: cloud.net.one_way(bob, "*")),
        ("Bob takes two seconds for each answer", lambda: bob.slow(by=2.0)),
        ("Bob pauses", bob.pause),
    ):
        await cloud.sleep(5)
        cloud.note(trouble)
        with fault():
            await cloud.sleep(chance.uniform(longest_s - 1, longest_s))
    await cloud.sleep(5)
    cloud.note("Bob loses power, for good")
    died = cloud.now
    bob.crash()
    await cloud.sleep(max(12, patience_s + 4))

    for watcher in (ann, *row):
        noticed = f"noticed the death after {watcher.called_dead_at - died:.1f} s"
        cloud.note(f"{watcher.name}: {watcher.false_alarms} false alarms, {noticed}")

    def never_wrong() -> None:
        assert not ann.false_alarms, f"Ann called a living Bob dead, {ann.false_alarms} times"

    def noticed_in_the_end() -> bool:
        return ann.called_dead_at < NEVER

    def nobody_is_both_fast_and_never_wrong() -> bool:
        return not any(w.called_dead_at - died < 2 and not w.false_alarms for w in row)

    cloud.check(never_wrong, noticed_in_the_end, nobody_is_both_fast_and_never_wrong)
