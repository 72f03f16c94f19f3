"""RESERVED_ENUM_NAME_NO_USE: An enum value's name that any version reserved is not used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        for value in enum.new.values:
            for then, form in enum.earlier:
                if value.name in form.proto.reserved_name:
                    yield enum.breaks(
                        f"{value.name} is reserved in {past.version_text(then)}: older JSON means something else by it.",
                        name=value.name,
                        number=value.number,
                        was=f'reserved "{value.name}"',
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="RESERVED_ENUM_NAME_NO_USE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="An enum value's name that any version reserved is not used.",
    check=_check,
)
