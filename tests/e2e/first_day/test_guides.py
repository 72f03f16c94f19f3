"""Guides for somebody in a repository of their own, done as they stand: files written, commands typed, screens read."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e.first_day.guide import follow
from e2e.first_day.script import Developer

GUIDES = Path(__file__).parents[3] / "docs/guides"


@pytest.mark.parametrize("name", ["when-a-service-fails", "work-across-repositories"])
def test_a_guide_does_what_it_says(name: str, at_home: Developer) -> None:
    follow(GUIDES / f"{name}.md", at_home)
