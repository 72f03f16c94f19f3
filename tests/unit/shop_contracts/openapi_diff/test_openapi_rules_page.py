"""docs/reference/openapi-rules.md is made from the rules."""

from __future__ import annotations

from pathlib import Path

from shop_contracts.openapi_diff.pages import rules_page
from shop_contracts.openapi_diff.rules import RULES

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "openapi-rules.md"


def test_the_page_says_what_the_rules_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page()


def test_every_rule_has_a_purpose_and_a_sentence_that_end_as_sentences_do() -> None:
    assert [rule.id for rule in RULES if not rule.purpose.endswith(".") or not rule.sentence.endswith(".")] == []
