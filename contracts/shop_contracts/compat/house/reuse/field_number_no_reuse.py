"""FIELD_NUMBER_NO_REUSE: A field number that was given up does not come back as something else."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for message in history.messages:
        for field in message.new.fields:
            if message.latest is not None and field.number in message.latest.by_number:
                continue
            for then, form in message.earlier:
                old = form.by_number.get(field.number)
                if old is not None and not past.same_meaning(old, field):
                    yield message.breaks(
                        f"Number {field.number} was {old.name} in {past.version_text(then)}: records of that time are "
                        f"read as {field.name}.",
                        field=field,
                        was=old.declaration,
                        then=then,
                        old=old,
                    )
                    break


RULE = Rule(
    id="FIELD_NUMBER_NO_REUSE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="A field number that was given up does not come back as something else.",
    check=_check,
)
