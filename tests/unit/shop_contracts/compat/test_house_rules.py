"""Every house rule, with a change it refuses and a twin it lets pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.protos import proto
from shop_contracts.compat import Level, Mode, Report, check
from shop_contracts.compat.house.judge import RULES
from shop_contracts.compat.house.rule import Category

CASES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("house_rule_cases.yaml").read_text(encoding="utf-8"))


def judged(case: dict[str, Any], texts: list[str]) -> Report:
    syntax = case.get("syntax", "proto3")
    syntaxes = syntax if isinstance(syntax, list) else [syntax] * len(texts)
    imports = case.get("imports") or [{}] * len(texts)
    versions = [
        proto(text, syntax=one, imports=files, version=number)
        for number, (text, one, files) in enumerate(zip(texts, syntaxes, imports, strict=True), start=1)
    ]
    own = {"cases.proto", "part.proto"}
    return check(versions[:-1], versions[-1], level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE, categories=set(Category), targets=own)


def test_every_rule_has_its_cases() -> None:
    assert sorted(CASES) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_refuses_what_it_is_for(rule: str) -> None:
    found = judged(CASES[rule], CASES[rule]["breaks"])

    assert rule in {finding.id for finding in found.breaking}


@pytest.mark.parametrize("rule", [rule for rule, case in CASES.items() if case["fits"]])
def test_a_rule_lets_the_twin_pass(rule: str) -> None:
    found = judged(CASES[rule], CASES[rule]["fits"])

    assert rule not in {finding.id for finding in found.findings}


def test_a_file_that_keeps_its_syntax_is_no_finding() -> None:
    found = judged({}, ["message M {}", "message M { int32 a = 1; }"])

    assert found.compatible


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_for_and_what_it_protects(rule: Any) -> None:
    assert rule.purpose.endswith(".")
    assert rule.categories
    assert rule.version >= 1
