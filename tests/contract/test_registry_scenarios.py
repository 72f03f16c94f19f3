"""The registry answers as Confluent's does: public scenarios, step by step. The data lives beside the checkout, not in it."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fakes.registry_server import served_registry

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
EXCEPTIONS: dict[str, str] = {}
"""Scenario to reason, as in docs/reference/conformance.md."""


def scenarios() -> list[Any]:
    path = CORPORA / "registry_scenarios.json"
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"the public scenarios are not at {path.parent}"))]
    # What changes the whole registry comes last, as the runner has it.
    known = sorted(
        json.loads(path.read_text())["scenarios"], key=lambda each: bool(each.get("needs", {}).get("exclusive_registry"))
    )
    return [pytest.param(scenario, id=scenario["id"]) for scenario in known]


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_registry_scenarios", CORPORA / "run_registry_scenarios.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with served_registry() as url:
        yield url


@pytest.mark.parametrize("scenario", scenarios())
def test_every_step_of_a_scenario_is_answered_as_confluent_does(scenario: dict[str, Any], runner: ModuleType, base: str) -> None:
    fault = first_fault(scenario, runner, base)

    if scenario["id"] in EXCEPTIONS:
        assert fault is not None, f"{scenario['id']} passes now: take it out of the exceptions"
        pytest.xfail(EXCEPTIONS[scenario["id"]])
    assert fault is None


def first_fault(scenario: dict[str, Any], runner: ModuleType, base: str) -> str | None:
    unique = f"u{random.randrange(16**8):08x}"
    names = {"s": f"t-{unique}-a", "s2": f"t-{unique}-b", "s3": f"t-{unique}-c"}
    environment: dict[str, Any] = {"u": unique, **names, "bigid": random.randrange(10**8, 10**9)}
    for step in scenario["steps"]:
        status, headers, text = runner.call(base, step, environment)
        faults, answer = runner.check(step, environment, status, headers, text)
        if faults:
            return f"{step['method']} {step['path']}: {'; '.join(faults)} | {text[:300]}"
        environment |= {name: answer.get(field) for name, field in step.get("save", {}).items()}
    return None
