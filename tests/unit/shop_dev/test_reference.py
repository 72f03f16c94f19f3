"""The reference pages that are made from the code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from shop_dev.errors import EXPLANATIONS
from shop_dev.reference import pages, stale, write

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"


def test_the_pages_in_the_repository_are_fresh() -> None:
    assert stale(REFERENCE) == []


def test_a_page_that_was_edited_is_stale(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "cli.md").write_text("something else")
    (tmp_path / "errors.md").unlink()

    assert stale(tmp_path) == ["cli.md", "errors.md"]


@pytest.mark.parametrize("code", list(EXPLANATIONS))
def test_every_error_code_has_a_row(code: str) -> None:
    assert f"\n| `{code}` | {EXPLANATIONS[code].exit_status.value} |" in pages()["errors.md"]


def test_the_schema_of_the_envelope_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(json.loads(pages()["envelope.schema.json"]))
