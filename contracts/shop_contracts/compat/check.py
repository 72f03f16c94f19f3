"""The front door: one function for the registry, the command line and the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from heapq import nsmallest
from typing import TYPE_CHECKING

from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Schema

if TYPE_CHECKING:
    from shop_contracts.compat.house.rule import Category
    from shop_contracts.compat.readers import Reader

MOST_PROOFS = 32
"""Who reads more than that of one change has long understood it, and each proof tries records on the runtime."""


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
    imports. With `proofs` refusals come with the bytes that show them, at most `MOST_PROOFS` of them and some of each rule, and
    with `readers` every one comes with the names of those it hits.
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
    return replace(report, findings=_told(report.findings, proofs=proofs, readers=readers))


def _told(findings: Sequence[Finding], *, proofs: bool, readers: Sequence[Reader]) -> list[Finding]:
    from shop_contracts.compat.proof import prove
    from shop_contracts.compat.readers import Readers

    told = list(findings)
    hit = Readers(readers)
    refusals = [(place, found, found.evidence) for place, found in enumerate(told) if found.breaking and found.evidence is not None]
    proved = set(_worth_a_proof([found for _, found, _ in refusals])) if proofs else set()
    for count, (place, found, evidence) in enumerate(refusals):
        proof = prove(evidence) if count in proved else None
        told[place] = replace(found, proof=proof, consumers=hit.by(evidence))
    return told


def _worth_a_proof(refusals: Sequence[Finding]) -> list[int]:
    """Return the places of those to prove: the first of every rule, then the second of every rule, and so on."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, int]] = []
    for place, refusal in enumerate(refusals):
        turns.append((seen[refusal.id], place))
        seen[refusal.id] += 1
    return [place for _, place in nsmallest(MOST_PROOFS, turns)]
