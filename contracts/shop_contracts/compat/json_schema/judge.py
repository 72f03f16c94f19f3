"""The registry's verdict on a JSON Schema at a level, over a subject's history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shop_contracts.compat.confluent.history import judge_history
from shop_contracts.compat.confluent.messages import described, reserved_messages
from shop_contracts.compat.json_schema.compare import TooComplex, compare
from shop_contracts.compat.json_schema.difference import NOTHING, Difference
from shop_contracts.compat.json_schema.nodes import ObjectNode
from shop_contracts.compat.json_schema.reading import JsonSchema
from shop_contracts.compat.json_schema.rules import Policy
from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Report

_LONGEST = 200
"""Characters of a schema that a finding shows."""


@dataclass(frozen=True, slots=True)
class JsonVersion:
    """A version of a subject: its number (None for the one that is new), its text, it as read, its metadata's properties."""

    number: int | None
    text: str
    schema: JsonSchema
    metadata: dict[str, str] = field(default_factory=dict)


def judge(
    old_versions: Sequence[JsonVersion],
    new: JsonVersion,
    *,
    level: Level,
    policy: Policy = Policy.STRICT,
    validate_fields: bool = False,
    proofs: bool = False,
) -> Report:
    """Return what speaks against `new` after `old_versions` (oldest first).

    With `proofs` every refusal comes with a document that shows it, where one is found.
    """

    def against(old: JsonVersion, direction: Direction) -> tuple[list[Finding], list[str]]:
        found = _against(old, new, direction, policy, proofs=proofs)
        return found, [_line(one) for one in found if one.breaking]

    return judge_history(
        old_versions,
        level=level,
        against=against,
        named=lambda old: described(old.number, old.text),
        reserved=(lambda old: _reserved(old, new)) if validate_fields else None,
    )


def _against(old: JsonVersion, new: JsonVersion, direction: Direction, policy: Policy, *, proofs: bool) -> list[Finding]:
    is_backward = direction is Direction.BACKWARD
    writer, reader = (old.schema, new.schema) if is_backward else (new.schema, old.schema)
    try:
        differences = compare(writer.root, reader.root, policy)
    except (RecursionError, TooComplex):
        return [_too_much(direction, old.number)]
    findings = [_finding(one, direction, policy, old.number) for one in differences]
    if not proofs or not any(one.breaking for one in findings):
        return findings
    from shop_contracts.compat.json_schema.proof import Prover

    prover = Prover(writer, reader, writer_is="old" if is_backward else "new")
    return [
        replace(found, proof=prover.prove(one.path)) if found.breaking else found
        for one, found in zip(differences, findings, strict=True)
    ]


def _finding(one: Difference, direction: Direction, policy: Policy, against: int | None) -> Finding:
    is_backward = direction is Direction.BACKWARD
    before, after = (one.written, one.read) if is_backward else (one.read, one.written)
    writer, reader = ("old", "new") if is_backward else ("new", "old")
    return Finding(
        id=one.rule.id,
        path=f"#/{'/'.join(one.path)}",
        before=_shown(before),
        after=_shown(after),
        message=one.rule.sentence.format(writer=writer, reader=reader),
        breaking=one.rule.breaks(policy),
        direction=direction,
        against=against,
    )


def _too_much(direction: Direction, against: int | None) -> Finding:
    message = "The schemas have too many parts, or parts that refer to each other too deeply, to be compared."
    return Finding("SCHEMA_TOO_COMPLEX", "#/", "", "", message, breaking=True, direction=direction, against=against)


def _line(finding: Finding) -> str:
    return f'{{errorType:"{finding.id}", description:"{finding.path}: {finding.message}"}}'


def _shown(value: Any) -> str:
    if value is NOTHING:
        return "(nothing)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _reserved(old: JsonVersion | None, new: JsonVersion) -> list[str]:
    root = new.schema.root.resolved()
    fields = set(root.properties) if isinstance(root, ObjectNode) else set()
    return reserved_messages(old.metadata if old is not None else None, new.metadata, fields)
