"""The parts of ARCHITECTURE.md that are made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from shop_dev.architecture import code_lines, refreshed, sizes, wiring_lines

CHECKOUT = Path(__file__).resolve().parents[3]
MOST_WIRING = 40
SERVICES = sorted(path.parent for path in (CHECKOUT / "services/shop_services").glob("*/bootstrap.py"))


def test_the_page_in_the_repository_is_fresh() -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text("utf-8")

    assert refreshed(text, CHECKOUT) == text


def test_every_service_with_a_manifest_has_a_row() -> None:
    manifests = {path.parent.name for path in (CHECKOUT / "services/shop_services").glob("*/service.yaml")}

    assert {size.service for size in sizes(CHECKOUT)} == manifests


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_services_own_wiring_is_under_40_lines(service: Path) -> None:
    assert wiring_lines(service) < MOST_WIRING


def test_blank_lines_comments_and_docstrings_are_no_code() -> None:
    source = '''"""A module.

Of two paragraphs.
"""

# A comment.
NAME = (
    "a"  # and another
)
"""What it is."""


def f() -> str:
    """Return
    a text."""

    return """two
lines"""
'''

    assert code_lines(source) == 6


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        refreshed("# Architecture", CHECKOUT)
