"""RESERVED_NAME_NO_USE: A field name that any version reserved is not used."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for message in history.messages:
        reserving = [(then, form, set(form.proto.reserved_name)) for then, form in message.earlier if form.proto.reserved_name]
        for field in message.new.fields if reserving else ():
            for then, form, names in reserving:
                if field.name in names:
                    yield message.breaks(
                        f"The name {field.name} is reserved in {past.version_text(then)}: older JSON carries something "
                        "else under it.",
                        field=field,
                        was=f'reserved "{field.name}"',
                        then=then,
                        old=form,
                    )
                    break


RULE = Rule(
    id="RESERVED_NAME_NO_USE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="A field name that any version reserved is not used.",
    check=_check,
)
