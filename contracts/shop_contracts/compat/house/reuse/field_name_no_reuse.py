"""FIELD_NAME_NO_REUSE: A field name that was given up does not come back with another number or type."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    for message in history.messages:
        for field in message.new.fields:
            if message.latest is not None and field.proto.json_name in message.latest.by_json_name:
                continue
            for then, form in message.earlier:
                old = form.by_json_name.get(field.proto.json_name)
                if old is not None and (old.number != field.number or not past.same_meaning(old, field)):
                    yield message.breaks(
                        f"In {past.version_text(then)} {field.proto.json_name} was another field: JSON of that time is "
                        "read as this one.",
                        field=field,
                        was=old.declaration,
                        then=then,
                        old=old,
                    )
                    break


RULE = Rule(
    id="FIELD_NAME_NO_REUSE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="A field name that was given up does not come back with another number or type.",
    check=_check,
)
