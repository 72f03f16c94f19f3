"""How Confluent's registry goes through a subject's history, in whatever language its schemas are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from shop_contracts.compat.levels import Direction, Level
from shop_contracts.compat.report import Finding, Mode, Report

V = TypeVar("V")


def judge_history(
    old_versions: Sequence[V],
    *,
    level: Level,
    against: Callable[[V, Direction], tuple[list[Finding], list[str]]],
    named: Callable[[V], list[str]],
    reserved: Callable[[V | None], list[str]] | None,
) -> Report:
    """Return what speaks against a new version after `old_versions` (oldest first).

    A level that is not transitive looks at the latest version only. A transitive one goes back from the latest and stops at the
    first version that does not fit, as the registry does. `against` compares with one version in one direction: its findings, and
    the lines of the verbose answer for those that break. `named` gives the lines that say which version that was. `reserved` says
    what `validateFields` refuses after the latest version (None: there is none), and is None itself where that is not asked for.
    """
    findings: list[Finding] = []
    messages = reserved(old_versions[-1] if old_versions else None) if reserved is not None else []
    for old in reversed(old_versions if level.is_transitive else old_versions[-1:]):
        told = [against(old, direction) for direction in level.directions]
        findings += [one for found, _ in told for one in found]
        lines = [line for _, said in told for line in said]
        if lines:
            messages += [*lines, *named(old)]
            break
    if messages:
        messages.append(f"{{validateFields: '{str(reserved is not None).lower()}', compatibility: '{level}'}}")
    return Report(Mode.CONFLUENT, level, findings, messages)
