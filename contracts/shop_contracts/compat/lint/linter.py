"""Every rule of style on one schema's main file."""

from __future__ import annotations

from dataclasses import dataclass

from shop_contracts.compat.lint.places import Places
from shop_contracts.compat.lint.rules import RULES
from shop_contracts.compat.schema import Schema


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One fault of style; `line` and `column` count from 1, and are 0 where the schema was compiled without source info."""

    id: str
    file: str
    line: int
    column: int
    message: str


def lint(schema: Schema) -> list[LintFinding]:
    """Return what the rules mind in the main file, in the order of its lines. Compile with source info, or comments are missed."""
    file = schema.file
    places = Places(file)
    found = [LintFinding(rule.id, file.path, *places.of(fault), fault.message) for rule in RULES for fault in rule.check(file)]
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.id))
