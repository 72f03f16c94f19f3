"""Confluent mode's verdict at a level, over a subject's history."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat.confluent.compare import Difference, compare
from shop_contracts.compat.confluent.history import judge_history
from shop_contracts.compat.confluent.messages import described, reserved_messages, verbose
from shop_contracts.compat.confluent.subjects import EnumValuePair, OneofPair, Subject
from shop_contracts.compat.elements import Field
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.proof import Evidence
from shop_contracts.compat.report import Finding, Report
from shop_contracts.compat.schema import Schema


def judge(old_versions: Sequence[Schema], new: Schema, *, level: Level, validate_fields: bool = False) -> Report:
    """Return what Confluent's registry answers for `new` after `old_versions` (oldest first).

    `validate_fields` is the registry's setting of that name: names in the
    metadata property `confluent:reserved` may neither be dropped nor used.
    """
    return judge_history(
        old_versions,
        level=level,
        against=lambda old, direction: _against(old, new, direction),
        named=lambda old: described(old.version, old.text),
        reserved=(lambda old: _reserved(old, new)) if validate_fields else None,
    )


def _against(old: Schema, new: Schema, direction: Direction) -> tuple[list[Finding], list[str]]:
    writer, reader = (old, new) if direction is Direction.BACKWARD else (new, old)
    differences = compare(writer, reader)
    return (
        [_finding(difference, direction, old, new) for difference in differences],
        [verbose(difference, direction) for difference in differences if difference.rule.breaks],
    )


def _reserved(old: Schema | None, new: Schema) -> list[str]:
    fields = {field.name for message in new.file.messages for field in message.fields}
    return reserved_messages(old.metadata if old is not None else None, new.metadata, fields)


def _finding(difference: Difference, direction: Direction, old: Schema, new: Schema) -> Finding:
    written, read = difference.subject.texts()
    is_backward = direction is Direction.BACKWARD
    before, after = (written, read) if is_backward else (read, written)
    writer, reader, writer_is = (old, new, "old") if is_backward else (new, old, "new")
    return Finding(
        id=difference.rule.id,
        path=difference.path,
        before=before,
        after=after,
        message=difference.sentence(direction),
        breaking=difference.rule.breaks,
        direction=direction,
        against=old.version,
        evidence=_evidence(difference.subject, writer, reader, writer_is) if difference.rule.breaks else None,
    )


def _evidence(subject: Subject, writer: Schema, reader: Schema, writer_is: str) -> Evidence:
    if isinstance(subject, EnumValuePair):
        return Evidence(writer, reader, writer_is, subject.enum, subject.update_enum, subject.number)
    if isinstance(subject, OneofPair):
        message = (subject.update or subject.original or [])[0].parent
        original = writer.tree.messages.get(message.full_name) if message is not None else None
        return Evidence(writer, reader, writer_is, original, message)
    written, read = subject.original, subject.update
    if written is None and isinstance(read, Field) and read.parent is not None:
        written = writer.tree.messages.get(read.parent.full_name)
    return Evidence(writer, reader, writer_is, written, read)
