"""PACKAGE_CHANGED: The package of the main file is another."""

from __future__ import annotations

from shop_contracts.compat.confluent.rule import Rule
from shop_contracts.compat.confluent.subjects import FilePair


def _check(pair: FilePair) -> bool:
    return pair.original.package != pair.update.package


RULE = Rule(
    id="PACKAGE_CHANGED",
    on=FilePair,
    breaks=True,
    purpose="The package of the main file is another.",
    sentence=(
        "The full name of every message changed with the package ({before}, {after}): {reader} consumers look a "
        "record's type up by a name that {writer} producers do not write."
    ),
    check=_check,
)
