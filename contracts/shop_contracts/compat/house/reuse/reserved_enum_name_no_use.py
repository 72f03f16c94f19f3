"""RESERVED_ENUM_NAME_NO_USE: An enum value's name that any version reserved is not used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        reserving = [(then, form, set(form.proto.reserved_name)) for then, form in enum.earlier if form.proto.reserved_name]
        for value in enum.new.values if reserving else ():
            for then, form, names in reserving:
                if value.name in names:
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
