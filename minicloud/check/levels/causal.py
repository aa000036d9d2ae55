"""Causal consistency: nobody sees an effect without its cause; knows no engine.

Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal consistency" (POPL 2017), section 4:
where every read can be matched to the write that it saw, a history is causal if and only if none of
a few patterns is in it. Their three notions are the forms here. Operations on several keys are one
operation with several reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

from minicloud.check.event import Operation
from minicloud.check.levels.causality import Causality
from minicloud.check.levels.memory import memory_clash
from minicloud.check.levels.shrinking import fewer
from minicloud.check.seen import Asking, StoreCheck, View
from minicloud.check.seen.asking import Finding
from minicloud.check.verdict import Check, Judgement, Verdict
from minicloud.errors import UsageError

__all__ = ["causal", "patterns"]

Form = Literal["plain", "convergent", "memory"]
FORMS = ("plain", "convergent", "memory")
# Pasts are sets, so that they grow with the square, and what a session must believe grows faster
# still: beyond so many operations, nothing is judged.
AT_MOST = {"plain": 10_000, "convergent": 10_000, "memory": 3_000}


def causal(store: Any = None, *, form: Form = "convergent") -> Check:
    """The check that a history is causally consistent.

    form: "plain": no read misses a write that it must know of, because it caused what the reader
    has read or written before (CC); "convergent": also, all sessions order writes that did not
    cause one another alike (CCv: what a store can do whose replicas agree in the end; versions
    that it told are that order); "memory": also, but instead, each session has one order of all
    writes that explains all its reads (CM: Ahamad and others, "Causal memory", Distributed
    Computing 1995). Neither of the last two implies the other.

    Reads that nobody can match to a write are passed over. store: a service's handle or name; None
    takes a history of one store.
    """
    return _Causal(store, form)


class _Causal(StoreCheck):
    name = "causal"

    def __init__(self, store: Any, form: Form) -> None:
        if form not in FORMS:
            raise UsageError(f"causal(form={form!r}): give one of {', '.join(FORMS)}")
        super().__init__(store)
        self.form = form

    def judged(self, asking: Asking) -> Judgement:
        most = AT_MOST[self.form]
        if len(asking.view.operations) > most:
            return self.nothing(
                f"{len(asking.view.operations):,} operations are more than the {most:,} whose "
                "causes can be kept apart"
            )
        causes = Causality(asking.view)
        if not causes.read_from and not causes.initial:
            return self.nothing("no read can be matched to a write")
        found = next(patterns(asking, causes, self.form), None)
        if found is not None:
            return self.invalid(found)
        return Judgement(
            verdict=Verdict.VALID,
            why=f"{len(causes.read_from) + len(causes.initial):,} reads: none misses a cause of "
            "what its reader knew",
        )


def patterns(asking: Asking, causes: Causality, form: Form) -> Iterator[Finding]:
    """The bad patterns of a history, the simplest first."""
    if causes.knot:
        words = asking.words(*causes.knot)
        yield Finding(
            f"each of these must come before the next, and the last before the first: "
            f"{words.listed(causes.knot)}",
            tuple(causes.knot),
        )
        return
    yield from _missed(asking, causes)
    if form == "convergent":
        yield from _conflicts(asking, causes)
    if form == "memory":
        clash = memory_clash(causes)
        if clash:
            told = fewer(asking.view, _has_no_memory)
            words = asking.words(*told)
            whose = asking.view.session(clash[-1])
            yield Finding(
                f"no order of all writes explains what {whose} read: {words.listed(told)}",
                tuple(told),
            )


def _has_no_memory(view: View) -> bool:
    causes = Causality(view)
    return bool(causes.knot or memory_clash(causes))


def _missed(asking: Asking, causes: Causality) -> Iterator[Finding]:
    """WriteCOInitRead and WriteCORead: a read of what it must know to be overwritten."""
    view = asking.view
    for access in causes.initial:
        for write in causes.writes.get(access.key, ()):
            if write is not access.op and causes.before(write, access.op):
                words = asking.words(write, access.op)
                yield Finding(
                    f"{words.did(access.op)} {words.at(access.op.end_ns)}, but {words.had(write)} "
                    f"(begun {words.at(write.start_ns)}), and that is among the causes of the "
                    f"read{_link(asking, causes, write, access.op)}",
                    (write, *_between(causes, write, access.op), access.op),
                    access.key,
                )
    del view
    for access, maker in causes.read_from:
        for write in causes.writes.get(access.key, ()):
            if write is maker or write is access.op:
                continue
            if causes.before(maker, write) and causes.before(write, access.op):
                words = asking.words(write, access.op, maker)
                yield Finding(
                    f"{words.did(access.op)} {words.at(access.op.end_ns)}, but {words.had(write)} "
                    f"after that (begun {words.at(write.start_ns)}), and it is among the causes of "
                    f"the read{_link(asking, causes, write, access.op)}",
                    (maker, write, *_between(causes, write, access.op), access.op),
                    access.key,
                )


def _between(causes: Causality, cause: Operation, effect: Operation) -> list[Operation]:
    """The operations by which an effect knows of a cause, the shortest way."""
    everything = dict.fromkeys(range(len(causes.graph.edges)))
    goal = causes.nodes[effect.start]
    way = causes.graph.path(causes.nodes[cause.start], {goal: None}, everything)
    return [causes.by_node[node] for node, _ in way[1:] if node in causes.by_node]


def _link(asking: Asking, causes: Causality, cause: Operation, effect: Operation) -> str:
    between = _between(causes, cause, effect)
    return f": {asking.words(*between).listed(between)}" if between else ""


def _conflicts(asking: Asking, causes: Causality) -> Iterator[Finding]:
    """CyclicCF: reads that order writes in a circle, together with causes and told versions."""
    view, graph = asking.view, causes.graph
    for access, maker in causes.read_from:
        for write in causes.writes.get(access.key, ()):
            if write is not maker and write is not access.op and causes.before(write, access.op):
                graph.edge(causes.nodes[write.start], causes.nodes[maker.start], access.op)
    _tie_versions(view, causes)
    for component in graph.components():
        if len(component) > 1:
            knot = causes.round(component)
            inside = dict.fromkeys(op.start for op in knot)
            reasons = [
                graph.reasons[edge]
                for edge in graph.reasons
                if isinstance(graph.reasons[edge], Operation)
                and all(node in causes.by_node for node in edge)
                and all(causes.by_node[node].start in inside for node in edge)
            ]
            evidence = {op.start: op for op in (*knot, *reasons)}
            told = [evidence[start] for start in sorted(evidence)]
            words = asking.words(*told)
            yield Finding(
                f"no one order of writes fits what these saw: {words.listed(told)}", tuple(told)
            )
            return


def _tie_versions(view: View, causes: Causality) -> None:
    """The order of versions of a key, where the store told it."""
    for editions in view.editions.values():
        told = [one for one in editions if one.number is not None and len(one.makers) == 1]
        told.sort(key=lambda one: one.number)
        makers = [one.makers[0] for one in told if one.makers[0].start in causes.nodes]
        for older, newer in pairwise(makers):
            causes.graph.edge(causes.nodes[older.start], causes.nodes[newer.start], "version")
