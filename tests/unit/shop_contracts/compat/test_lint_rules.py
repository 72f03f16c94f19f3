"""Every rule of style, with a file that breaks it and a twin that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.protos import HEADERS
from shop_contracts.compat import Schema
from shop_contracts.compat.lint.linter import LintFinding, lint
from shop_contracts.compat.lint.rules import RULES
from shop_contracts.protobuf.compiler import compile_proto

CASES: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("lint_rule_cases.yaml").read_text(encoding="utf-8"))
PROTOS = Path(__file__).parents[4] / "contracts" / "shop_contracts" / "proto"


def linted(case: dict[str, Any], side: str) -> list[LintFinding]:
    text = case[side]
    package = "" if "package " in text or case.get("bare") else "package shop.orders.v1;"
    names = case.get("name", ["proto/orders/v1/events.proto"] * 2)
    source = f"{HEADERS[case.get('syntax', 'proto3')]}\n{package}\n{text}\n"
    compiled = compile_proto(source, case.get("imports", {}), name=names[side == "fits"], source_info=True)
    return lint(Schema.compiled(compiled))


def test_every_rule_has_its_cases() -> None:
    assert sorted(CASES) == sorted(rule.id for rule in RULES)


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_minds_what_it_is_for(rule: str) -> None:
    assert rule in {fault.id for fault in linted(CASES[rule], "breaks")}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_does_not_mind_the_twin(rule: str) -> None:
    assert rule not in {fault.id for fault in linted(CASES[rule], "fits")}


def test_a_fault_is_told_with_its_place() -> None:
    faults = linted({"breaks": "message M {\n  int32 orderId = 1;\n}"}, "breaks")

    assert [(fault.id, fault.line, fault.column) for fault in faults] == [
        ("COMMENT_MESSAGE", 3, 1),
        ("FIELD_LOWER_SNAKE_CASE", 4, 3),
    ]
