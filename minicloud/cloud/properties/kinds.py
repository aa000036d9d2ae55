"""Owns the kinds of property: what each makes of its condition as virtual time goes by.

A property is looked at after every event, or at samples; those with a deadline are asked once more
when its instant is over, so that what holds exactly at a deadline is in time.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from minicloud.check.verdict import Verdict
from minicloud.cloud.properties.conditions import Condition, named, words_of
from minicloud.cloud.properties.results import CheckResult
from minicloud.errors import UsageError
from minicloud.kernel.clock import Clock, seconds

__all__ = ["Always", "Eventually", "LeadsTo", "Never", "Property", "Sometimes", "Watcher"]


class Watcher(Protocol):
    """Who looks at properties."""

    clock: Clock

    def closed(self, one: Property) -> None:
        """The property need not be looked at any more."""
        ...

    def deadline(self, one: Property, due_ns: int) -> None:
        """Call the property's `late` when the instant `due_ns` is over."""
        ...

    def unusable(self, where: str, error: UsageError) -> UsageError:
        """What to raise in place of an error by which a property can't be looked at."""
        ...


class Property:
    """A condition, and what was seen of it so far."""

    verb: ClassVar[str]

    def __init__(self, watcher: Watcher, condition: Condition, every_ns: int | None) -> None:
        self.name = named(self.verb, condition)
        self.every_ns = every_ns
        """Nanoseconds between two looks; None looks after every event."""
        self.open = True
        self.broken: str | None = None
        self.broken_ns = 0
        """When it was, in nanoseconds of virtual time."""
        self.looked = 0
        self._condition = condition
        self._watcher = watcher
        self._clock = watcher.clock
        self._since_ns = watcher.clock.now_ns

    def look(self) -> None:
        """See how things are now."""
        raise NotImplementedError

    def late(self) -> None:
        """The instant of a deadline that was asked for is over."""

    def result(self, now_ns: int) -> CheckResult:
        """What became of it, the run having ended at `now_ns`."""
        if self.broken is not None:
            return CheckResult(self.name, Verdict.INVALID, self.broken, at_ns=self.broken_ns)
        if not self.looked:
            return CheckResult(self.name, Verdict.UNKNOWN, "never looked at")
        return self._unbroken(now_ns)

    def _unbroken(self, now_ns: int) -> CheckResult:
        return CheckResult(self.name, Verdict.VALID, self._looks())

    def _looks(self) -> str:
        since = f" since {seconds(self._since_ns):g} s" if self._since_ns else ""
        if self.every_ns is not None:
            return f"looked at {self.looked:,} times{since}, every {seconds(self.every_ns):g} s"
        return f"looked at after {self.looked:,} events{since}"

    def _ask(self, condition: Condition) -> str | None:
        """None where a condition holds now; else why not."""
        try:
            held = condition()
        except AssertionError as error:
            return str(error) or "assertion failed"
        except UsageError as error:
            raise self._watcher.unusable(self._where(), error) from None
        except Exception as error:
            error.add_note(f"in {self._where()}")
            raise
        return None if held is None or held else ""

    def _where(self) -> str:
        return f"property {self.name} at {seconds(self._clock.now_ns):g} s"

    def _close(self) -> None:
        self.open = False
        self._watcher.closed(self)

    def _break(self, at_ns: int, what: str, why: str | None = None) -> None:
        words = why or words_of(self._condition)
        self.broken_ns = at_ns
        self.broken = f"{what}: {words}" if words else what
        self._close()


class Always(Property):
    """Holds at every look."""

    verb = "always"

    def look(self) -> None:
        self.looked += 1
        why = self._ask(self._condition)
        if why is not None:
            now_ns = self._clock.now_ns
            self._break(now_ns, f"broken at {seconds(now_ns):g} s", why)


class Never(Property):
    """Holds at no look."""

    verb = "never"

    def look(self) -> None:
        self.looked += 1
        if self._ask(self._condition) is None:
            now_ns = self._clock.now_ns
            self._break(now_ns, f"happened at {seconds(now_ns):g} s")


class Sometimes(Property):
    """Holds at one look or more, of one run or another; no verdict on this run."""

    verb = "sometimes"

    def __init__(self, watcher: Watcher, condition: Condition, every_ns: int | None) -> None:
        super().__init__(watcher, condition, every_ns)
        self.happened = False

    def look(self) -> None:
        self.looked += 1
        if self._ask(self._condition) is None:
            self.happened = True
            self._first = seconds(self._clock.now_ns)
            self._close()

    def result(self, now_ns: int) -> CheckResult:
        told = (
            f"first at {self._first:g} s" if self.happened else f"not in this run; {self._looks()}"
        )
        return CheckResult(self.name, Verdict.VALID, f"sometimes: {told}", counts=False)


class Eventually(Property):
    """Holds at one look or more up to a deadline, that instant included."""

    verb = "eventually"

    def __init__(
        self, watcher: Watcher, condition: Condition, every_ns: int | None, within_ns: int
    ) -> None:
        super().__init__(watcher, condition, every_ns)
        self._due_ns = self._since_ns + within_ns
        self._why: str | None = None
        self._held = 0.0
        watcher.deadline(self, self._due_ns)

    def look(self) -> None:
        self.looked += 1
        self._why = self._ask(self._condition)
        if self._why is None:
            self._held = seconds(min(self._clock.now_ns, self._due_ns))
            self._close()

    def late(self) -> None:
        if self.open:
            self.look()
        if self.open:
            self._break(self._due_ns, f"did not hold by {seconds(self._due_ns):g} s", self._why)

    def _unbroken(self, now_ns: int) -> CheckResult:
        due = seconds(self._due_ns)
        if not self.open:
            return CheckResult(self.name, Verdict.VALID, f"held at {self._held:g} s, of {due:g} s")
        if now_ns >= self._due_ns:
            self._break(self._due_ns, f"did not hold by {due:g} s", self._why)
            return self.result(now_ns)
        told = f"the run ended at {seconds(now_ns):g} s, before it had to hold at {due:g} s"
        return CheckResult(self.name, Verdict.UNKNOWN, told)


class LeadsTo(Property):
    """Whenever the condition holds, another holds then or within a length of time.

    The bounded form of P ~> Q (Lamport, "Specifying Systems", 2002, section 8.1). Of the times at
    which the first held and the other has not followed, the earliest stands for all.
    """

    verb = "leads_to"

    def __init__(
        self,
        watcher: Watcher,
        condition: Condition,
        every_ns: int | None,
        other: Condition,
        within_ns: int,
    ) -> None:
        super().__init__(watcher, condition, every_ns)
        self._other = other
        self._then = named(self.verb, other)
        self._within_ns = within_ns
        self._held_ns: int | None = None
        self._asked = False
        self._armed = False
        self._longest_ns = 0
        self._why: str | None = None

    def look(self) -> None:
        self.looked += 1
        if self._held_ns is None:
            if self._ask(self._condition) is not None:
                return
            self._asked = True
            self._held_ns = self._clock.now_ns
        self._why = self._ask(self._other)
        if self._why is None:
            took_ns = min(self._clock.now_ns - self._held_ns, self._within_ns)
            self._longest_ns = max(self._longest_ns, took_ns)
            self._held_ns = None
        elif not self._armed:
            self._arm(self._held_ns)

    def _arm(self, held_ns: int) -> None:
        self._armed = True
        self._watcher.deadline(self, held_ns + self._within_ns)

    def late(self) -> None:
        self._armed = False
        if not self.open or self._held_ns is None:
            return
        if self._clock.now_ns <= self._held_ns + self._within_ns:
            self._arm(self._held_ns)
            return
        self._why = self._ask(self._other)
        if self._why is None:
            self._longest_ns, self._held_ns = self._within_ns, None
        else:
            self._too_late(self._held_ns)

    def _too_late(self, held_ns: int) -> None:
        due_ns = held_ns + self._within_ns
        held = f"held at {seconds(held_ns):g} s, and {self._then} did not by {seconds(due_ns):g} s"
        self._break(due_ns, held, self._why or words_of(self._other))

    def _unbroken(self, now_ns: int) -> CheckResult:
        if self._held_ns is None:
            longest = f"after {seconds(self._longest_ns):g} s at the longest"
            told = (
                f"{self._then} followed, {longest}" if self._asked else "its condition never held"
            )
            return CheckResult(self.name, Verdict.VALID, told)
        due_ns = self._held_ns + self._within_ns
        if now_ns >= due_ns:
            self._too_late(self._held_ns)
            return self.result(now_ns)
        told = (
            f"held at {seconds(self._held_ns):g} s, and the run ended at {seconds(now_ns):g} s, "
            f"before {self._then} had to hold at {seconds(due_ns):g} s"
        )
        return CheckResult(self.name, Verdict.UNKNOWN, told)
