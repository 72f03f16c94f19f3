"""Both verdicts on a schema change, for scripts and for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_contracts.compat import Finding, Report
    from shop_contracts.compat.proof import Proof


def compat_data(confluent: Report, house: Report, *, decided_by: list[str]) -> dict[str, object]:
    """Return both reports as JSON types; `compatible` is what the exit status says."""
    reports = {"confluent": confluent, "house": house}
    return {
        "compatible": all(reports[name].compatible for name in decided_by),
        "decidedBy": decided_by,
        **{name: _report_data(report) for name, report in reports.items()},
    }


def compat_text(confluent: Report, house: Report) -> str:
    """Return both reports for a terminal: the verdicts, then every refusal with its proof."""
    lines = [_verdict(f"confluent {confluent.level}", confluent), _verdict("house", house)]
    for report in (confluent, house):
        for finding in report.breaking:
            lines += ["", *_finding_lines(f"{report.mode}: ", finding)]
    return "\n".join(lines)


def _report_data(report: Report) -> dict[str, object]:
    return {
        "level": str(report.level),
        "compatible": report.compatible,
        "differences": [_finding_data(finding) for finding in report.findings],
        "messages": list(report.messages),
    }


def _finding_data(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "path": finding.path,
        "breaking": finding.breaking,
        "direction": str(finding.direction),
        "before": finding.before,
        "after": finding.after,
        "message": finding.message,
        "against": finding.against,
        "categories": list(finding.categories),
        "consumers": list(finding.consumers),
        "proof": proof_data(finding.proof) if finding.proof is not None else None,
    }


def proof_data(proof: Proof) -> dict[str, object]:
    """Return a proof as JSON types."""
    return {
        "message": proof.message,
        "writer": proof.writer,
        "reader": proof.reader,
        "encoding": proof.encoding,
        "payload": proof.payload,
        "written": proof.written,
        "read": proof.read,
    }


def _verdict(rules: str, report: Report) -> str:
    if report.compatible:
        return f"{rules:<30} compatible"
    return f"{rules:<30} not compatible ({_counted(report.breaking)})"


def _counted(findings: Sequence[Finding]) -> str:
    return "1 refusal" if len(findings) == 1 else f"{len(findings)} refusals"


def _finding_lines(prefix: str, finding: Finding) -> Iterator[str]:
    yield f"{prefix}{finding.id}  {finding.path}  ({finding.direction})"
    yield f"  before  {finding.before}"
    yield f"  after   {finding.after}"
    yield f"  {finding.message}"
    if finding.consumers:
        yield f"  hits    {', '.join(finding.consumers)}"
    if finding.proof is not None:
        yield from proof_lines(finding.proof)


def proof_lines(proof: Proof) -> Iterator[str]:
    """Yield a proof for a terminal: what one version writes, and what the other reads."""
    how = "JSON" if proof.encoding == "json" else f"the bytes {proof.payload or '(none)'}"
    yield f"  proof   {proof.writer} writes {proof.message} {proof.written} as {how}"
    yield f"          {proof.reader} reads  {proof.read}"
