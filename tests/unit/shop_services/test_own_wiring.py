"""How much a service says to be put together: what all of them would say is in the kit."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import shop_services

Function = ast.FunctionDef | ast.AsyncFunctionDef
MOST_LINES = 40
BOOTSTRAPS = sorted(Path(shop_services.__file__).parent.glob("*/bootstrap.py"))


@pytest.mark.parametrize("path", BOOTSTRAPS, ids=lambda path: path.parent.name)
def test_a_services_own_wiring_is_under_40_lines(path: Path) -> None:
    functions = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, Function)]
    lines = [line for node in functions for line in ast.unparse(node).splitlines()]

    assert len(lines) < MOST_LINES
