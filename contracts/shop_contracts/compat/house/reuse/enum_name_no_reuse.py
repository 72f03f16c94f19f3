"""ENUM_NAME_NO_REUSE: An enum value's name that was given up does not come back with another number."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        recent = {value.name for value in enum.latest.values} if enum.latest is not None else set()
        for value in enum.new.values:
            if value.name in recent:
                continue
            for then, form in enum.earlier:
                old = next((one for one in form.values if one.name == value.name), None)
                if old is not None and old.number != value.number:
                    yield enum.breaks(
                        f"{value.name} was {old.number} in {past.version_text(then)}: JSON of that time is read as {value.number}.",
                        name=value.name,
                        number=value.number,
                        was=f"{old.name} = {old.number}",
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="ENUM_NAME_NO_REUSE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="An enum value's name that was given up does not come back with another number.",
    check=_check,
)
