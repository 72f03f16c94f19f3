"""The table of known failures fits the code: each place that keeps one out is there once, and each test is there."""

from __future__ import annotations

import pytest
from known_failures import KNOWN_FAILURES, ROOT, KnownFailure


@pytest.mark.parametrize("known", KNOWN_FAILURES, ids=lambda known: known.sentence[:50])
def test_a_failure_can_be_let_in_and_has_a_test_that_would_find_it(known: KnownFailure) -> None:
    place = (ROOT / "services" / known.file).read_text(encoding="utf-8")
    file, _, name = known.test.partition("::")

    assert place.count(known.now) == 1
    assert not name or f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_the_page_names_every_failure_with_its_test() -> None:
    page = (ROOT / "docs/concepts/checkout.md").read_text(encoding="utf-8")

    rows = {known.sentence: f"| {known.sentence} | `{known.test.rpartition('::')[2]}` |" for known in KNOWN_FAILURES}
    assert [sentence for sentence, row in rows.items() if row not in page] == []
