"""ENUM_NAME_NO_REUSE: An enum value's name that was given up does not come back with another number."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        for value in enum.new.values:
            if enum.latest is not None and value.name in enum.latest.by_name:
                continue
            for then, form in enum.earlier:
                old = form.by_name.get(value.name)
                if old is not None and old != value.number:
                    yield enum.breaks(
                        f"{value.name} was {old} in {past.version_text(then)}: JSON of that time is read as {value.number}.",
                        name=value.name,
                        number=value.number,
                        was=f"{value.name} = {old}",
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
