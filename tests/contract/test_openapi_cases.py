"""The project's own table of OpenAPI changes: which break, by which rule, and whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fakes.openapi import Json, compared, document, header, parameter, request, response

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("openapi_cases.yaml").read_text(encoding="utf-8"))


def whole(case: dict[str, Any], side: str) -> Json:
    part: Json = case[side]
    match case["at"]:
        case "request":
            return request(part)
        case "response":
            return response(part)
        case "query":
            return parameter(part)
        case "headers":
            return header(part)
        case "operation":
            return document(part)
        case _:
            return {"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {}} | part


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_change_gets_the_verdict_of_the_table(case: dict[str, Any]) -> None:
    report = compared(whole(case, "old"), whole(case, "new"))

    assert report.compatible is ("breaks" not in case), case["why"]
    if "breaks" in case:
        assert case["breaks"] in {finding.id for finding in report.breaking}
    else:
        assert {finding.id for finding in report.warnings} == ({case["warns"]} if "warns" in case else set())


def test_the_table_has_120_cases_with_names_of_their_own_and_reasons() -> None:
    names = [case["name"] for case in CASES]

    assert len(names) >= 120
    assert len(set(names)) == len(names)
    assert all(case["why"].endswith(".") for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_nothing_breaks_who_changes_nothing(case: dict[str, Any]) -> None:
    for side in ("old", "new"):
        assert compared(whole(case, side), whole(case, side)).findings == ()
