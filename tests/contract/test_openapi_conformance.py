"""Agreement with oasdiff's own cases, which lie beside the checkout where they are at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop_contracts.conformance import Agreement, corpora_beside, openapi
from shop_contracts.openapi_diff.rules import RULES, Level

CHECKOUT = Path(__file__).parents[2]
CORPORA = corpora_beside(CHECKOUT)
PAGE = (CHECKOUT / "docs" / "reference" / "conformance.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(CORPORA is None, reason="the corpora are not beside the checkout (../shared/corpora)")


@pytest.fixture(scope="module")
def measured() -> tuple[Agreement, Agreement]:
    assert CORPORA is not None
    verdicts, ids = openapi(CORPORA)
    return verdicts, ids


def test_what_disagrees_is_named_in_the_documentation_with_its_reason(measured: tuple[Agreement, Agreement]) -> None:
    names = {line.partition(":")[0] for agreement in measured for line in agreement.disagreements}

    assert measured[0].total == 526
    assert len(names) == 27
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []


def test_the_page_gives_the_measured_figures(measured: tuple[Agreement, Agreement]) -> None:
    for agreement in measured:
        assert f"{agreement.agreed} of {agreement.total}" in PAGE


def test_rules_that_oasdiff_has_too_have_its_ids_and_levels() -> None:
    assert CORPORA is not None
    theirs = {rule["id"]: rule["level"] for rule in json.loads((CORPORA / "rules.json").read_text())["oasdiff_v1.32.1"]}

    assert [rule.id for rule in RULES if not rule.own and rule.id not in theirs] == []
    assert [rule.id for rule in RULES if rule.own and rule.id in theirs] == []
    assert [rule.id for rule in RULES if not rule.own and rule.level != theirs[rule.id]] == []


def test_the_error_rules_that_are_missing_are_those_the_page_explains() -> None:
    assert CORPORA is not None
    theirs = json.loads((CORPORA / "rules.json").read_text())["oasdiff_v1.32.1"]
    errors = {rule["id"] for rule in theirs if rule["level"] == Level.ERROR}
    missing = errors - {rule.id for rule in RULES}

    assert {name for name in missing if "all-of" not in name and "sunset-missing" not in name} == set()
