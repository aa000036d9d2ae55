"""Owns what stands at the top of a page: the verdict with its reason, and how to repeat the run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from minicloud.report.page.facts import Facts
from minicloud.report.page.strings import clip, json_text, key_text
from minicloud.scenario.folder import RunFolder
from minicloud.scenario.params import show

__all__ = ["checks_of", "header_of", "repeat_line"]

_MOST_REASON = 600


def header_of(folder: RunFolder, facts: Facts, left_out: list[str]) -> dict[str, Any]:
    """The head of a run's page."""
    about, result = folder.run, folder.result
    return {
        "scenario": result.get("scenario", about.get("scenario", "")),
        "variant": result.get("variant"),
        "lesson": about.get("lesson", ""),
        "seed": about["seed"],
        "digest": folder.digest,
        "id": folder.digest[:8],
        "verdict": result.get("verdict"),
        "stated": result.get("expected"),
        "reason": _reason(result),
        "failure": about.get("failure"),
        "error": result.get("error"),
        "virtual_s": result.get("virtual_s", 0.0),
        "events": result.get("events", 0),
        "messages": result.get("messages", 0),
        "operations": len(facts.operations),
        "order": result.get("order", "random"),
        "model": about.get("model"),
        "repeat": repeat_line(about),
        "replay": f"minicloud replay {folder.digest[:8]}",
        "params": _pairs(about["params"]),
        "knobs": _pairs(result.get("knobs", {})),
        "versions": _pairs(about.get("versions", {})),
        "left_out": left_out,
    }


def _pairs(table: Mapping[str, Any]) -> list[list[str]]:
    return [[key, v if isinstance(v, str) else json_text(v)] for key, v in table.items()]


def repeat_line(about: Mapping[str, Any]) -> str:
    """The command line that makes a run again; of older folders with every parameter written."""
    options = about.get("options")
    if options is None:
        options = [] if about.get("variant") is None else ["--variant", about["variant"]]
        for name, value in about["params"].items():
            options += ["--set", f"{name}={show(value)}"]
        for name in ("until", "order", "guard"):
            if about.get(name) is not None:
                options += [f"--{name}", str(about[name])]
    if about.get("cut") is not None:
        options = [*options, "--cut", about["cut"]]
    return shlex.join(["minicloud", "run", about["target"], *options, "--seed", str(about["seed"])])


def _reason(result: Mapping[str, Any]) -> str:
    verdict, checks = result.get("verdict"), result.get("checks", [])
    if verdict is None:
        return clip(result.get("error") or "the scenario could not be run", _MOST_REASON)
    guilty = [check for check in checks if check["verdict"] == verdict]
    if verdict == "valid":
        return f"every one of {len(guilty)} checks holds" if len(guilty) > 1 else _holds(guilty)
    told = [_words(check) for check in guilty[:1]] or [result.get("error") or "nothing was checked"]
    more = f"; and {len(guilty) - 1} more" if len(guilty) > 1 else ""
    return clip(told[0], _MOST_REASON) + more


def _holds(guilty: list[dict[str, Any]]) -> str:
    return f"{guilty[0]['name']} holds" if guilty else "nothing was violated"


def _words(check: Mapping[str, Any]) -> str:
    name, detail = str(check["name"]), str(check.get("detail") or "")
    return f"{name}: {detail}" if detail and not detail.startswith(name) else detail or name


def checks_of(result: Mapping[str, Any], facts: Facts) -> list[dict[str, Any]]:
    """The checks of a run, their evidence as rows of operations."""
    return [
        {
            "name": check["name"],
            "verdict": check["verdict"],
            "detail": check.get("detail", ""),
            "evidence": _rows(facts, check.get("evidence", [])),
            "start": check.get("start", []),
            "key": key_text(check.get("key")),
            "cycle": _cycle(facts, check.get("cycle", [])),
            "at": check.get("at"),
        }
        for check in result.get("checks", [])
    ]


def _rows(facts: Facts, names: list[str | int]) -> list[int]:
    rows = [facts.operation(name) for name in names]
    return [row for row in rows if row is not None]


def _cycle(facts: Facts, edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for edge in edges:
        rows = _rows(facts, [edge["before"], edge["after"]])
        if len(rows) == 2:
            named = {"kind": edge["kind"], "why": edge["why"]}
            found.append({"before": rows[0], "after": rows[1], **named})
    return found
