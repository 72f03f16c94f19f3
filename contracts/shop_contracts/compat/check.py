"""The front door: one function for the registry, the command line and the tests."""

from __future__ import annotations

from collections.abc import Sequence

from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Mode, Report
from shop_contracts.compat.schema import Schema


def check(
    old_versions: Sequence[Schema], new: Schema, *, level: Level, mode: Mode = Mode.CONFLUENT, validate_fields: bool = False
) -> Report:
    """Return whether `new` may follow `old_versions` (oldest first, the latest last; none: everything may).

    `validate_fields` is the registry's setting and counts in confluent mode only.
    """
    from shop_contracts.compat.confluent.judge import judge

    return judge(old_versions, new, level=level, validate_fields=validate_fields)
