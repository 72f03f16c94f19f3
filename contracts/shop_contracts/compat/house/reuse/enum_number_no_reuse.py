"""ENUM_NUMBER_NO_REUSE: An enum number that was given up does not come back with another name."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for enum in history.enums:
        for number, names in enum.new.by_number.items():
            if enum.latest is not None and number in enum.latest.by_number:
                continue
            for then, form in enum.earlier:
                old = form.by_number.get(number, [])
                if old and not set(old) <= set(names):
                    yield enum.breaks(
                        f"{number} was {', '.join(old)} in {past.version_text(then)}: records of that time are read as {names[0]}.",
                        name=names[0],
                        number=number,
                        was=f"{', '.join(old)} = {number}",
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="ENUM_NUMBER_NO_REUSE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="An enum number that was given up does not come back with another name.",
    check=_check,
)
