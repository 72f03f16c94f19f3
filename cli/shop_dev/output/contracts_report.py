"""What `contracts check` found, for scripts and for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from shop_dev.output.compat_report import proof_data, proof_lines

if TYPE_CHECKING:
    from shop_contracts.tree.finding import Finding

_TITLES = {
    "sources": "What cannot be read",
    "rules": "The rules",
    "style": "Style",
    "coverage": "What has no contract",
    "generated": "Generated files",
    "baselines": "What is released was changed",
    "changes": "Changes that break somebody",
    "consumers": "Consumers and producers that do not meet",
}


def findings_data(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """Return findings as JSON types."""
    return [
        {
            "group": str(finding.group),
            "id": finding.id,
            "file": finding.file,
            "line": finding.line,
            "message": finding.message,
            "subject": finding.subject,
            "path": finding.path,
            "against": finding.against,
            "before": finding.before,
            "after": finding.after,
            "consumers": list(finding.consumers),
            "proof": proof_data(finding.proof) if finding.proof is not None else None,
            "hint": finding.hint,
        }
        for finding in findings
    ]


def findings_text(findings: Sequence[Finding]) -> str:
    """Return findings for a terminal, by group; a hint that several share stands under the last of them."""
    lines: list[str] = []
    for group, members in groupby(findings, key=lambda one: str(one.group)):
        lines += ["", _TITLES[group]] if lines else [_TITLES[group]]
        found = list(members)
        for finding, following in zip(found, [*found[1:], None], strict=True):
            lines += _lines(finding)
            if finding.hint and (following is None or following.hint != finding.hint):
                lines.append(f"    hint: {finding.hint}")
    return "\n".join(lines)


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `no findings`, `1 finding`."""
    return f"{number or 'no'} {what if number == 1 else what + 's'}"


def _lines(finding: Finding) -> Iterator[str]:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    yield f"  {place}: {finding.message} [{finding.id}]"
    facts = [fact for fact in (finding.path, finding.subject, f"against {finding.against}" if finding.against else "") if fact]
    if finding.against:
        yield f"    {', '.join(facts)}"
    if finding.before or finding.after:
        yield f"    before  {finding.before}"
        yield f"    after   {finding.after}"
    if finding.consumers:
        yield f"    hits    {', '.join(finding.consumers)}"
    if finding.proof is not None:
        yield from (f"  {line}" for line in proof_lines(finding.proof))
