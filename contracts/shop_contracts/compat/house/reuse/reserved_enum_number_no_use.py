"""RESERVED_ENUM_NUMBER_NO_USE: An enum number that any version reserved is not used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past, ranges
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        reserving = [(then, form, ranges.merged(form.reserved_ranges)) for then, form in enum.earlier if form.proto.reserved_range]
        for value in enum.new.values if reserving else ():
            for then, form, numbers in reserving:
                if ranges.contains(numbers, value.number):
                    yield enum.breaks(
                        f"{value.number} is reserved in {past.version_text(then)}: older records mean something else by it.",
                        name=value.name,
                        number=value.number,
                        was=f"reserved {value.number}",
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="RESERVED_ENUM_NUMBER_NO_USE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="An enum number that any version reserved is not used.",
    check=_check,
)
