"""The front door: one function for the registry, the command line and the tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Schema

if TYPE_CHECKING:
    from shop_contracts.compat.house.rule import Category
    from shop_contracts.compat.readers import Reader


def check(
    old_versions: Sequence[Schema],
    new: Schema,
    *,
    level: Level,
    mode: Mode = Mode.CONFLUENT,
    validate_fields: bool = False,
    categories: Collection[Category] | None = None,
    targets: Collection[str] | None = None,
    proofs: bool = False,
    readers: Sequence[Reader] = (),
) -> Report:
    """Return whether `new` may follow `old_versions` (oldest first, the latest last; none: everything may).

    `validate_fields` is the registry's setting and counts in confluent mode only. `categories` selects rules of house mode, by
    default what `contracts check` demands; `targets` are the paths of the files it judges, by default all that are not standard
    imports. With `proofs` every refusal comes with the bytes that show it, and with `readers` with the names of those it hits.
    """
    if mode is Mode.CONFLUENT:
        from shop_contracts.compat.confluent.judge import judge

        report = judge(old_versions, new, level=level, validate_fields=validate_fields)
    else:
        from shop_contracts.compat.house.judge import judge as judge_in_house
        from shop_contracts.compat.house.rule import HOUSE

        wanted = HOUSE if categories is None else categories
        report = judge_in_house(old_versions, new, level=level, categories=wanted, targets=targets)
    if not proofs and not readers:
        return report
    return replace(report, findings=[_told(finding, proofs=proofs, readers=readers) for finding in report.findings])


def _told(finding: Finding, *, proofs: bool, readers: Sequence[Reader]) -> Finding:
    from shop_contracts.compat.proof import prove
    from shop_contracts.compat.readers import hit_by

    if not finding.breaking or finding.evidence is None:
        return finding
    proof = prove(finding.evidence) if proofs else None
    return replace(finding, proof=proof, consumers=hit_by(finding.evidence, readers))
