"""Confluent mode's verdict at a level, over a subject's history."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat.confluent.compare import Difference, compare
from shop_contracts.compat.confluent.messages import describe, reserved_field_messages, verbose
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Mode, Report
from shop_contracts.compat.schema import Schema


def judge(old_versions: Sequence[Schema], new: Schema, *, level: Level, validate_fields: bool = False) -> Report:
    """Return what Confluent's registry answers for `new` after `old_versions` (oldest first).

    A level that is not transitive looks at the latest version only. A transitive one goes back from the latest and stops at the
    first version that does not fit, as the registry does. `validate_fields` is the registry's setting of that name: names in the
    metadata property `confluent:reserved` may neither be dropped nor used.
    """
    findings: list[Finding] = []
    messages = reserved_field_messages(old_versions[-1] if old_versions else None, new) if validate_fields else []
    for old in reversed(old_versions if level.is_transitive else old_versions[-1:]):
        found, said = _against(old, new, level.directions)
        findings += found
        messages += said
        if said:
            break
    if messages:
        messages.append(f"{{validateFields: '{str(validate_fields).lower()}', compatibility: '{level}'}}")
    return Report(Mode.CONFLUENT, level, findings, messages)


def _against(old: Schema, new: Schema, directions: Sequence[Direction]) -> tuple[list[Finding], list[str]]:
    findings: list[Finding] = []
    messages: list[str] = []
    for direction in directions:
        writer, reader = (old, new) if direction is Direction.BACKWARD else (new, old)
        differences = compare(writer, reader)
        findings += [_finding(difference, direction, old.version) for difference in differences]
        messages += [verbose(difference, direction) for difference in differences if difference.rule.breaks]
    if messages:
        messages += describe(old)
    return findings, messages


def _finding(difference: Difference, direction: Direction, against: int | None) -> Finding:
    written, read = difference.subject.texts()
    before, after = (written, read) if direction is Direction.BACKWARD else (read, written)
    return Finding(
        id=difference.rule.id,
        path=difference.path,
        before=before,
        after=after,
        message=difference.sentence(direction),
        breaking=difference.rule.breaks,
        direction=direction,
        against=against,
    )
