"""docs/reference/contract-rules.md is made from the rules."""

from __future__ import annotations

from pathlib import Path

from shop_contracts.compat.documents import rules_page

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "contract-rules.md"


def test_the_page_says_what_the_rules_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page()
