"""The project's own table of Protobuf changes: who accepts each, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.protos import proto
from shop_contracts.compat import Level, Mode, check
from shop_contracts.compat.house.rule import Category

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("protobuf_cases.yaml").read_text(encoding="utf-8"))


def accepted(case: dict[str, Any]) -> str:
    syntax = case.get("syntax", "proto3")
    before, after = syntax if isinstance(syntax, list) else (syntax, syntax)
    old, new = proto(case["old"], syntax=before), proto(case["new"], syntax=after)
    verdicts = {
        "B": check([old], new, level=Level.BACKWARD),
        "F": check([old], new, level=Level.FORWARD),
        "W": check([old], new, level=Level.FULL, mode=Mode.HOUSE, categories={Category.WIRE}),
        "J": check([old], new, level=Level.FULL, mode=Mode.HOUSE, categories={Category.WIRE_JSON}),
    }
    return "".join(letter if report.compatible else "-" for letter, report in verdicts.items())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_mode_says_what_the_table_says(case: dict[str, Any]) -> None:
    assert accepted(case) == case["fits"], case["why"]


def test_the_table_has_150_cases_with_names_of_their_own_and_reasons() -> None:
    names = [case["name"] for case in CASES]

    assert len(names) >= 150
    assert len(set(names)) == len(names)
    assert all(case["why"] for case in CASES)


def test_the_house_refuses_every_change_the_table_calls_unsafe_in_json() -> None:
    unsafe = [case for case in CASES if "J" not in case["fits"] and isinstance(case.get("syntax", ""), str)]

    for case in unsafe:
        old, new = (proto(case[side], syntax=case.get("syntax", "proto3")) for side in ("old", "new"))
        assert not check([old], new, level=Level.FULL_TRANSITIVE, mode=Mode.HOUSE).compatible, case["name"]
