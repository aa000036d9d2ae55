"""The models by name. Each is a sequential specification of one object, or of a whole store."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from minicloud.check.models.classic import CLASSIC
from minicloud.check.models.counting import COUNTING
from minicloud.check.models.model import Model
from minicloud.check.models.store import STORE
from minicloud.errors import UsageError

__all__ = ["MODELS", "Model", "find_model", "fitting"]

MODELS: dict[str, Model] = {**CLASSIC, "store": STORE, **COUNTING}


def find_model(name: str) -> Model:
    """The model of that name; raises UsageError, with the nearest name, where there is none."""
    if name in MODELS:
        return MODELS[name]
    near = difflib.get_close_matches(name, MODELS, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(f"there is no model {name!r}. {hint}Models: {', '.join(MODELS)}")


def fitting(names: Iterable[str]) -> list[str]:
    """The models that know all these operations."""
    wanted = list(names)
    return [name for name, model in MODELS.items() if all(f in model.operations for f in wanted)]
