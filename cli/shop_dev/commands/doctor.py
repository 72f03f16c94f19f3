"""`shop-dev doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop_dev.commands.options import JsonFlag
from shop_dev.errors import CliCode, Failure
from shop_dev.output.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shop_sandbox.doctor import Finding

MARKS = {"ok": "✓", "warning": "!", "missing": "✗"}


def doctor(json: JsonFlag = False) -> Answer:
    """Say what is missing or wrong on this machine, and the fix.

    Exit status 1 if the sandbox cannot run like this; warnings alone leave it at 0.
    """
    from shop_sandbox.doctor import examine
    from shop_sandbox.paths import CachePaths

    from shop_dev.project import open_project

    del json
    project = open_project()
    settings = project.settings
    needs_docker = settings.engine in ("mixed", "docker") or "docker" in settings.engines.values()
    cache = CachePaths(project.cache_root)
    findings = list(examine(project.checkout, cache, project.inherited, settings.ports, needs_docker=needs_docker))
    return Answer(data={"findings": [_data(finding) for finding in findings]}, text=_text(findings), failure=_failure(findings))


def _text(findings: Sequence[Finding]) -> str:
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.verdict]} {finding.check:<18} {finding.message}")
        if finding.fix:
            lines.append(f"  {'':<18} fix: {finding.fix}")
    return "\n".join(lines)


def _failure(findings: Sequence[Finding]) -> Failure | None:
    missing = [finding for finding in findings if finding.verdict == "missing"]
    if not missing:
        return None
    return Failure.told(
        CliCode.MACHINE_NOT_READY,
        f"The sandbox cannot run like this: {', '.join(finding.check for finding in missing)}.",
        actions=tuple(finding.fix for finding in missing if finding.fix),
    )


def _data(finding: Finding) -> dict[str, object]:
    return {"check": finding.check, "verdict": finding.verdict, "message": finding.message, "fix": finding.fix}
