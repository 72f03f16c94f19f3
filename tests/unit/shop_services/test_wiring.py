"""A new service copies the shape of these: its own wiring stays short, for what services share is the kit's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import shop_services

MOST_LINES = 40
BOOTSTRAPS = sorted(Path(shop_services.__path__[0]).glob("*/bootstrap.py"))


@pytest.mark.parametrize("path", BOOTSTRAPS, ids=lambda path: path.parent.name)
def test_a_service_is_put_together_in_under_forty_lines(path: Path) -> None:
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert 0 < sum((node.end_lineno or 0) - node.lineno + 1 for node in functions) < MOST_LINES
