"""The guide's programs run, their checks hold, and it leaves no call and no rule out."""

import inspect

import pytest
from guides import programs_of, run_program, text_of

from minicloud import kv
from minicloud.check import Verdict

GUIDE = text_of("data-models")
MODELS = {
    kv.Documents: {"index_in_transaction", "verify_reads"},
    kv.Table: {"tie_breaker"},
    kv.Graph: {"both_in_transaction"},
}


@pytest.mark.parametrize("number", range(5))
def test_a_program_of_the_guide_runs_and_holds(number, monkeypatch):
    assert run_program("data-models", number, monkeypatch).verdict is Verdict.VALID


def test_there_are_programs():
    assert len(programs_of("data-models")) == 5


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_call_and_every_rule_is_explained(model):
    calls = [name for name in vars(model) if not name.startswith("_")]
    missing = [name for name in calls if name not in GUIDE]
    options = inspect.signature(model.__init__).parameters
    rules = {name for name, option in options.items() if option.default is True}
    assert rules == MODELS[model]
    missing += [name for name in options if name not in ("self", "clients", "name")
                if f"`{name}" not in GUIDE and f"{name}=" not in GUIDE]  # fmt: skip
    assert missing == ["shard_of"] * (model is kv.Graph)
