"""What a new version of an OpenAPI document breaks, for scripts and for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_contracts.openapi_diff import Finding, Location, Report


def diff_data(report: Report, *, compatible: bool) -> dict[str, object]:
    """Return a report as JSON types; `compatible` is what the exit status says."""
    return {
        "compatible": compatible,
        "breaking": len(report.breaking),
        "warnings": len(report.warnings),
        "findings": [_finding_data(finding) for finding in report.findings],
    }


def diff_text(report: Report, *, compatible: bool) -> str:
    """Return a report for a terminal: the verdict, then every finding with its place."""
    told = [f"{len(report.breaking)} breaking", f"{len(report.warnings)} to look at"]
    lines = [f"{'compatible' if compatible else 'not compatible'} ({', '.join(told)})"]
    for finding in report.findings:
        lines += ["", *_finding_lines(finding)]
    return "\n".join(lines)


def _finding_data(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "level": str(finding.level),
        "operation": finding.operation,
        "where": finding.where,
        "message": finding.message,
        "old": _location_data(finding.old),
        "new": _location_data(finding.new),
    }


def _location_data(location: Location | None) -> dict[str, object] | None:
    return None if location is None else {"path": str(location.path), "pointer": location.pointer, "line": location.line}


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.level}: {finding.id}  {finding.operation}".rstrip()
    if finding.where:
        yield f"  in   {finding.where}"
    yield f"  {finding.message}"
    if finding.location is not None:
        yield f"  at   {finding.location.path}:{finding.location.line}  {finding.location.pointer}"
