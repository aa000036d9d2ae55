"""Owns the file that a shrunken case becomes: a scenario that stands on its own and reads as one
written by hand. It runs nothing.

The file has the lesson's own code, cut down to what it needs, and above it, as plain values, what
is left of the faults and the operations.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from typing import Any

import msgspec

from minicloud.cloud.script import Script
from minicloud.net import distributions
from minicloud.node import faults
from minicloud.scenario.api import Scenario
from minicloud.scenario.params import Value
from minicloud.scenario.shrinking.code import expression, literal, pruned, segment

__all__ = ["scenario_text"]

_SCRIPT = "SCRIPT"


def scenario_text(
    scenario: Scenario[Any],
    source: str,
    *,
    name: str,
    story: Sequence[str],
    check: str,
    params: dict[str, Value],
    script: Script,
    whole: bool = False,
) -> str:
    """The text of a scenario file.

    source: the text of the module that the scenario is in. name: of the function to write. story:
    lines of the docstring, the title first. check: the one that convicts. params: values that the
    parameters have for good. whole: keep all of the module, also what seems not to be needed.
    """
    tree = ast.parse(source)
    function = _function(tree, scenario.function.__name__)
    body = _new_function(source, function, name=name, title=story[0], check=check, params=params)
    statements = [node for node in tree.body if node is not function and not _is_text(node)]
    statements = [node for node in statements if not _is_scenario(node)]
    root = ast.parse(textwrap.dedent(body)).body[0]
    kept = statements if whole else pruned(statements, root)
    imports = [node for node in kept if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [node for node in kept if not isinstance(node, ast.Import | ast.ImportFrom)]
    data = f"{_SCRIPT} = {_expression(script)}"
    head = "\n".join(_imports(imports, f"{body}\n{data}"))
    parts = [_docstring(story), head, data, *(segment(source, node) for node in others), body]
    return _spaced(parts)


def _function(tree: ast.Module, name: str) -> ast.AsyncFunctionDef:
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == name:
            return node
    raise LookupError(name)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_scenario(node: ast.stmt) -> bool:
    for decorator in getattr(node, "decorator_list", []):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if ast.unparse(called).rpartition(".")[2] == "scenario":
            return True
    return False


def _new_function(
    source: str,
    function: ast.AsyncFunctionDef,
    *,
    name: str,
    title: str,
    check: str,
    params: dict[str, Value],
) -> str:
    lines = source.splitlines()
    statements = function.body
    start = function.body[0].lineno - 1
    if _is_text(statements[0]):
        start = statements[0].end_lineno or start
    while start > 0 and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    own = textwrap.dedent("\n".join(lines[start : function.end_lineno])).strip("\n")
    given = [f"{param} = {literal(value)}" for param, value in params.items()]
    cloud = ast.unparse(function.args.args[0])
    head = [
        f"@scenario(found=breaks({_quoted(check)}), script={_SCRIPT})",
        f"async def {name}({cloud}) -> None:",
        f'    """{title}"""',
    ]
    return "\n".join([*head, textwrap.indent("\n".join([*given, own]), "    ")])


def _imports(imports: Sequence[ast.stmt], text: str) -> list[str]:
    """The import lines that the text needs: those of the lesson, and those of what was added."""
    used = {part.id for part in ast.walk(ast.parse(text)) if isinstance(part, ast.Name)}
    added: dict[str, tuple[str, ...]] = {
        "minicloud": ("Schedule", "breaks", "dist", "faults", "scenario")
    }
    added["minicloud.scenario"] = ("Do", "Script")
    lines: list[str] = []
    ours: dict[str, str] = {}
    for node in imports:
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if module is None or module.partition(".")[0] != "minicloud":
            lines.append(ast.unparse(node))
        elif module not in added:
            ours[module] = ast.unparse(node)
    for module, names in added.items():
        asked = {name: name for name in names if name in used}
        for node in imports:
            if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
                asked |= {a.asname or a.name: ast.unparse(a) for a in node.names}
        words = [text for _, text in sorted(asked.items(), key=lambda pair: _rank(pair[0]))]
        if words:
            ours[module] = f"from {module} import {', '.join(words)}"
    gap = [""] if lines else []
    return [*lines, *gap, *(ours[module] for module in sorted(ours))]


def _rank(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _prefixes() -> dict[str, str]:
    """Which module a class of a script is written with."""
    by_class: dict[str, str] = {}
    for module, prefix in ((distributions, "dist."), (faults, "faults.")):
        for name in module.__all__:
            if isinstance(getattr(module, name), type):
                by_class[name] = prefix
    return by_class | {"Schedule": ""}


def _expression(script: Script) -> str:
    return expression(script, prefixes=_prefixes(), room=len(_SCRIPT) + 3)


def _docstring(story: Sequence[str]) -> str:
    title, *rest = story
    if not rest:
        return f'"""{title}"""'
    told = "\n".join(textwrap.indent(line, "    ") for line in rest)
    return f'"""{title}\n\n{told}\n"""'


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _spaced(parts: Sequence[str]) -> str:
    """The parts with blank lines as the field has them: two round functions and classes."""
    text = ""
    for part in parts:
        block = part.startswith(("def ", "async def ", "class ", "@"))
        gap = "" if not text else "\n\n\n" if block or text.endswith("\0") else "\n\n"
        text = text.rstrip("\0") + gap + part + ("\0" if block else "")
    return text.rstrip("\0") + "\n"
