"""The front door: one function for the registry, the command line and the tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from shop_contracts.compat.levels import Level
from shop_contracts.compat.report import Mode, Report
from shop_contracts.compat.schema import Schema

if TYPE_CHECKING:
    from shop_contracts.compat.house.rule import Category


def check(
    old_versions: Sequence[Schema],
    new: Schema,
    *,
    level: Level,
    mode: Mode = Mode.CONFLUENT,
    validate_fields: bool = False,
    categories: Collection[Category] | None = None,
    targets: Collection[str] | None = None,
) -> Report:
    """Return whether `new` may follow `old_versions` (oldest first, the latest last; none: everything may).

    `validate_fields` is the registry's setting and counts in confluent mode only. `categories` selects rules of house mode, by
    default what `contracts check` demands; `targets` are the paths of the files it judges, by default all that are not standard
    imports.
    """
    if mode is Mode.CONFLUENT:
        from shop_contracts.compat.confluent.judge import judge

        return judge(old_versions, new, level=level, validate_fields=validate_fields)
    from shop_contracts.compat.house.judge import judge as judge_in_house
    from shop_contracts.compat.house.rule import HOUSE

    return judge_in_house(old_versions, new, level=level, categories=HOUSE if categories is None else categories, targets=targets)
