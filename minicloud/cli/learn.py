"""Owns `list`, `show` and `new`: which lessons there are, what one is about, how to begin one."""

from __future__ import annotations

import ast
import inspect
import keyword
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minicloud.cli.run import loading
from minicloud.cli.template import new_scenario
from minicloud.cli.terminal import Terminal
from minicloud.errors import ExitCode, UsageError
from minicloud.report.summary import folded
from minicloud.scenario.api import Scenario, Variant
from minicloud.scenario.loading import LoadFailure, find, known, shown_path
from minicloud.scenario.params import show as shown

__all__ = ["list_", "new", "show"]

_RULE = "# the rule"
_LONGEST_RULE = 12


def list_() -> int:
    """List the scenarios in ./scenarios, and those that came with minicloud."""
    terminal = Terminal()
    scenarios = known()
    if not scenarios:
        terminal.say("there is no scenario yet; begin one: minicloud new my-lesson")
        return ExitCode.VALID
    code = ExitCode.VALID
    width = max(map(len, scenarios))
    for name, file in scenarios.items():
        try:
            scenario = loading(file, terminal)
        except (LoadFailure, UsageError) as error:
            terminal.complain(f"minicloud: {error}")
            code = ExitCode.FAILED
            continue
        variants = f" [{', '.join(scenario.variants)}]" if scenario.variants else ""
        terminal.say(folded(f"{name:<{width}}  ", _first_sentence(scenario.story) + variants))
    return code


def _first_sentence(story: str) -> str:
    paragraph = " ".join(story.split("\n\n", maxsplit=1)[0].split())
    head, dot, _ = paragraph.partition(". ")
    return head + dot.strip()


def show(target: str, /) -> int:
    """Show a scenario's story, parameters, variants, and the rule it is about.

    Parameters
    ----------
    target
        A scenario's name, or its file.
    """
    terminal = Terminal()
    file = find(target)
    scenario = loading(file, terminal)
    terminal.say(f"{scenario.name}   {shown_path(file)}")
    for paragraph in scenario.story.split("\n\n"):
        terminal.say(["", *folded("  ", " ".join(paragraph.split()))])
    terminal.say(_parameters(scenario))
    terminal.say(_variants(scenario))
    terminal.say(_rules(scenario, file))
    breaking = [name for name, v in scenario.variants.items() if v.verdict.value == "invalid"]
    words = ["minicloud", "run", target, *(["--variant", breaking[0]] if breaking else [])]
    terminal.say(f"\nnext: {shlex.join(words)}")
    return ExitCode.VALID


def _parameters(scenario: Scenario[Any]) -> Iterator[str]:
    if not scenario.params:
        yield "\nno parameters"
        return
    yield "\nparameters, for --set name=value"
    width = max(map(len, scenario.params))
    for param in scenario.params.values():
        yield f"  {param.name:<{width}}  {param.kind}, {shown(param.default)} if absent"


def _variants(scenario: Scenario[Any]) -> Iterator[str]:
    if not scenario.variants:
        yield "\nno variants, so no verdict is stated"
        return
    yield "\nvariants, for --variant"
    width = max(map(len, scenario.variants))
    for name, variant in scenario.variants.items():
        values = ", ".join(f"{key}={shown(value)}" for key, value in variant.params.items())
        yield from folded(f"  {name:<{width}}  ", f"{_claim(variant)}   {values}".rstrip())


def _claim(variant: Variant) -> str:
    if variant.verdict.value == "valid":
        return "holds"
    return f"breaks {', '.join(variant.checks)}".rstrip()


def _rules(scenario: Scenario[Any], file: Path) -> Iterator[str]:
    """The lines in which twins differ: those marked as the rule, else those that use the toggle."""
    source = file.read_text("utf-8")
    lines = source.splitlines()
    numbers = _marked(source, lines) or _toggled(scenario)
    if not numbers:
        return
    yield "\nthe lines in which the variants differ"
    before = numbers[0]
    for number in numbers:
        if number > before + 1:
            yield "   …"
        before = number
        yield f"  {number:>4}  {lines[number - 1]}".rstrip()


def _marked(source: str, lines: list[str]) -> list[int]:
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    found: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip().lower().startswith(_RULE):
            continue
        # The outermost statement that begins after the mark.
        below = [node for node in statements if node.lineno > number]
        first = min(below, key=lambda n: (n.lineno, n.col_offset), default=None)
        end = first.end_lineno or first.lineno if first is not None else number
        found += range(number, min(end, number + _LONGEST_RULE) + 1)
    return list(dict.fromkeys(found))


def _toggled(scenario: Scenario[Any]) -> list[int]:
    """Lines of the body that use a parameter on which the variants differ."""
    toggles = {key: None for variant in scenario.variants.values() for key in variant.params}
    source, first = inspect.getsourcelines(scenario.function)
    tree = ast.parse(inspect.cleandoc("".join(source)))
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in toggles]
    return sorted({name.lineno + first - 1: None for name in names})


def new(name: str, /) -> int:
    """Write a new scenario that runs, with a variant that breaks.

    Parameters
    ----------
    name
        A name, for ./scenarios, or a path, with a / or .py.
    """
    is_path = "/" in name or name.endswith(".py")
    path = Path(name) if is_path else Path("scenarios", f"{name.replace('-', '_')}.py")
    function = path.stem.replace("-", "_")
    usable = function.isidentifier() and function.isascii() and not function.startswith("_")
    if not usable or keyword.iskeyword(function) or path.suffix != ".py":
        raise UsageError(f"{name}: name a scenario with letters, digits and dashes, like my-lesson")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(new_scenario(function))
    except FileExistsError:
        raise UsageError(f"{path.as_posix()} is there already; choose another name") from None
    except OSError as error:
        raise UsageError(f"{path.as_posix()} cannot be written: {error.strerror}") from error
    target = shlex.quote(name if is_path else name.replace("_", "-"))
    lines = [f"wrote {path.as_posix()}", f"  run      minicloud run {target}"]
    Terminal().say([*lines, f"  break    minicloud run {target} --variant naive"])
    return ExitCode.VALID
