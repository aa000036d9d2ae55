"""What a command says of a run that leaks, and the policies that it takes."""

import json
from pathlib import Path

import pytest


def test_a_leak_is_told_once_with_its_line_and_ends_in_exit_code_4(cli):
    said = cli("run", "wall-clock", "--json")
    assert said.code == 4
    result = json.loads(said.out)
    assert result["verdict"] is None
    assert result["error"].startswith("wall_clock.py:")
    assert result["error"].count("wall_clock.py:") == 1
    assert ": time.time() in the scenario reads the real clock" in result["error"]
    assert json.loads((Path(result["run"]) / "result.json").read_text())["error"] == result["error"]


@pytest.mark.parametrize("policy", ["virtual", "off"])
def test_another_policy_runs_it(cli, policy):
    assert cli("run", "wall-clock", "--guard", policy, "--json").code == 0


def test_given_virtual_time_it_repeats(cli):
    said = cli("run", "wall-clock", "--guard", "virtual", "--twice", "--json")
    assert json.loads(said.out)["repeatable"] is True


def test_a_policy_that_is_none_is_one_sentence(cli):
    said = cli("run", "wall-clock", "--guard", "loose")
    assert said.code == 2
    assert "error, virtual, off" in said.err
