"""EXTENSION_NUMBER_NO_REUSE: An extension number that was given up does not come back as something else."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house import past
from shop_contracts.compat.house.breaks import Break, field_path
from shop_contracts.compat.house.past import History
from shop_contracts.compat.house.rule import Category, Rule


def _check(history: History) -> Iterator[Break]:
    recent = history.earlier[0].tree.extensions_by_number
    for extension in history.new.tree.extensions():
        key = (extension.proto.extendee, extension.number)
        if key in recent:
            continue
        for then in history.earlier:
            old = then.tree.extensions_by_number.get(key)
            if old is not None and (old.full_name != extension.full_name or not past.same_meaning(old, extension)):
                yield Break(
                    field_path(extension),
                    old.declaration,
                    extension.declaration,
                    f"Number {extension.number} of {extension.proto.extendee[1:]} was {old.full_name} in "
                    f"{past.version_text(then)}.",
                    extension.file.path,
                    old,
                    extension,
                    then,
                )
                break


RULE = Rule(
    id="EXTENSION_NUMBER_NO_REUSE",
    on=History,
    categories=frozenset({Category.REUSE}),
    purpose="An extension number that was given up does not come back as something else.",
    check=_check,
)
