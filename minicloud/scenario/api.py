"""Owns `@scenario`: a lesson with typed parameters and named variants; knows no file and no run.

    @scenario(fenced=holds(fencing=True), naive=breaks("linearizable", fencing=False))
    async def split_brain(cloud: Cloud, *, fencing: bool = True, cut_s: float = 43.0) -> None: ...

A variant states a verdict for exact parameter values. `holds` is owed at every seed; `breaks` is
owed at the default seed, and names the checks that must convict: a twin that fails for another
reason is no proof of the rule it lacks.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import update_wrapper
from typing import Generic, ParamSpec, cast, get_args, overload

import msgspec

from minicloud.check import Verdict
from minicloud.cloud.script import Script
from minicloud.errors import UsageError
from minicloud.kernel.guard import Policy
from minicloud.kernel.orders import Order
from minicloud.node.life.probe import Cut
from minicloud.scenario.params import Param, Value, near_miss, parameters_of, show

__all__ = ["Case", "Scenario", "Variant", "breaks", "holds", "scenario"]

P = ParamSpec("P")


class Variant(msgspec.Struct, frozen=True):
    """What is stated of some parameter values: a verdict, and the checks that bring it about."""

    verdict: Verdict
    checks: tuple[str, ...] = ()
    params: dict[str, Value] = {}


def holds(**params: Value) -> Variant:
    """A variant whose every check holds, at every seed."""
    return Variant(Verdict.VALID, (), params)


def breaks(*checks: str, **params: Value) -> Variant:
    """A variant that each of the named checks convicts at the default seed."""
    return Variant(Verdict.INVALID, checks, params)


class Case(msgspec.Struct, frozen=True):
    """One run to make of a scenario: variant, parameter values, seed, and when to end.

    `stated` is what the scenario states of exactly these values, if anything; `until` is in virtual
    seconds; `order` is the order of tasks and messages, None for the script's; `script` dictates
    plans that would be drawn; `cut` cuts the power of a host at a crash point; `guard` is what code
    gets that reaches for the world outside.
    """

    scenario: str
    variant: str | None
    params: dict[str, Value]
    stated: Variant | None
    seed: int = 0
    until: float | None = None
    order: str | None = None
    script: Script | None = None
    cut: Cut | None = None
    guard: Policy = "error"


class Scenario(Generic[P]):
    """A lesson: an async function of a cloud, with parameters, variants and a story."""

    def __init__(
        self,
        function: Callable[P, Awaitable[object]],
        variants: Mapping[str, Variant],
        script: Script | None = None,
    ) -> None:
        self.function = function
        self.script = script
        """What is dictated of every run of it."""
        self.params = parameters_of(function)
        self.variants = {name: self._checked(name, v) for name, v in variants.items()}
        self._refuse_twice_stated()
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[object]:
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name on the command line: `split_brain` is `split-brain`."""
        return self.function.__name__.replace("_", "-")

    @property
    def story(self) -> str:
        """The docstring, or nothing."""
        return inspect.getdoc(self.function) or ""

    @property
    def defaults(self) -> dict[str, Value]:
        """The signature's defaults."""
        return {name: param.default for name, param in self.params.items()}

    @property
    def usage(self) -> str:
        """What the scenario has, in words: `split-brain has: fencing=true|false, cut_s`."""
        if not self.params:
            return f"{self.name} has no parameters"
        return f"{self.name} has: " + ", ".join(p.usage for p in self.params.values())

    def case(
        self,
        variant: str | None = None,
        params: Mapping[str, object] | None = None,
        *,
        seed: int = 0,
        until: float | None = None,
        order: str | None = None,
        script: Script | None = None,
        cut: Cut | None = None,
        guard: str = "error",
    ) -> Case:
        """The run that these choices name; `params` override the variant's values.

        Without a variant, the one that states something of exactly these values is meant, if any.
        Raises `UsageError` for an unknown variant, parameter or order, or a value of another type.
        """
        name = None if variant is None else self._variant(variant)
        values = self._values(name)
        for key, value in (params or {}).items():
            values[key] = self._accepted(key, value)
        named = [n for n in self.variants if self._values(n) == values]
        stated = self.variants[named[0]] if named else None
        chosen = name or (named[0] if named else None)
        order = None if order is None else str(Order.parse(order))
        script = script or self.script
        policy = _policy(guard)
        return Case(self.name, chosen, values, stated, seed, until, order, script, cut, policy)

    def options(self, case: Case) -> list[str]:
        """The words that make this case of a command line, but for its seed and its power cut."""
        words: list[str] = []
        values = self.defaults
        variant = self.variants.get(case.variant) if case.variant else None
        if variant is not None and case.params != values:
            words += ["--variant", str(case.variant)]
            values = {**values, **variant.params}
        for name, value in case.params.items():
            if value != values[name]:
                words += ["--set", f"{name}={show(value)}"]
        if case.until is not None:
            words += ["--until", f"{case.until:g}"]
        if case.order is not None:
            words += ["--order", case.order]
        return words if case.guard == "error" else [*words, "--guard", case.guard]

    def parse(self, settings: list[str] | tuple[str, ...]) -> dict[str, Value]:
        """The values that `--set key=value` words give; `UsageError` says what to write instead."""
        values: dict[str, Value] = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals:
                raise UsageError(f"--set {setting}: write --set NAME=VALUE. {self.usage}")
            if name not in self.params:
                raise UsageError(f"--set {setting}: {self._no_param(name)}")
            if name in values:
                raise UsageError(f"--set {setting}: {name} is set twice; keep one of them")
            param = self.params[name]
            value = param.parse(text)
            if value is None:
                default = f"(default {_shown(param)})"
                raise UsageError(
                    f"--set {setting}: {name} takes {param.kind} {default}. {self.usage}"
                )
            values[name] = value
        return values

    def _values(self, variant: str | None) -> dict[str, Value]:
        stated = self.variants[variant].params if variant is not None else {}
        return {**self.defaults, **stated}

    def _variant(self, word: str) -> str:
        for name in self.variants:
            if name.replace("_", "-") == word.replace("_", "-"):
                return name
        if not self.variants:
            raise UsageError(f"--variant {word}: {self.name} has no variants")
        miss = near_miss(word, self.variants)
        raise UsageError(f"--variant {word}: {self.name} has {', '.join(self.variants)}{miss}")

    def _no_param(self, name: str) -> str:
        return f"no parameter {name}{near_miss(name, self.params)}. {self.usage}".replace("?.", "?")

    def _accepted(self, name: str, value: object) -> Value:
        if name not in self.params:
            raise UsageError(self._no_param(name))
        accepted = self.params[name].accept(value)
        if accepted is None:
            kind = self.params[name].kind
            raise UsageError(f"{name}={value!r}: {name} takes {kind}. {self.usage}")
        return accepted

    def _checked(self, name: str, variant: Variant) -> Variant:
        if not isinstance(variant, Variant):
            raise UsageError(f"variant {name}: write {name}=holds(...) or {name}=breaks(...)")
        params = {key: self._accepted(key, value) for key, value in variant.params.items()}
        return msgspec.structs.replace(variant, params=params)

    def _refuse_twice_stated(self) -> None:
        seen: list[tuple[str, dict[str, Value]]] = []
        for name in self.variants:
            values = self._values(name)
            for other, same in seen:
                if same == values:
                    raise UsageError(f"variants {other} and {name} have the same parameters")
            seen.append((name, values))


def _policy(word: str) -> Policy:
    for policy in get_args(Policy):
        if policy == word:
            return cast("Policy", policy)
    raise UsageError(f"guard {word}: write {', '.join(get_args(Policy))}")


def _shown(param: Param) -> str:
    return str(param.default).lower() if isinstance(param.default, bool) else str(param.default)


@overload
def scenario(function: Callable[P, Awaitable[object]], /) -> Scenario[P]: ...
@overload
def scenario(
    *,
    script: Script | None = None,
    **variants: Variant,
) -> Callable[[Callable[P, Awaitable[object]]], Scenario[P]]: ...
def scenario(
    function: Callable[P, Awaitable[object]] | None = None,
    /,
    *,
    script: Script | None = None,
    **variants: Variant,
) -> Scenario[P] | Callable[[Callable[P, Awaitable[object]]], Scenario[P]]:
    """Make an async function of a cloud a scenario, with a verdict stated per variant.

    Its parameters are keyword-only, with defaults, of type bool, int, float, str or Literal.
    A run with the defaults and no variant is the variant that names them. `script` dictates plans
    that would be drawn, as in a case that was cut down. Raises `UsageError` for
    parameters or variants that the command line could not write.
    """

    def decorate(function: Callable[P, Awaitable[object]]) -> Scenario[P]:
        if not inspect.iscoroutinefunction(function):
            raise UsageError("@scenario needs an async function: async def name(cloud: Cloud)")
        return Scenario(function, variants, script)

    return decorate if function is None else decorate(function)
