"""SERVICE_NO_DELETE: A service stays in its file."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    kept = {service.name for service in pair.new.services}
    for service in pair.old.services:
        if service.name not in kept:
            yield Break(
                path_of(service.name),
                f"service {service.name}",
                ABSENT,
                f"The service {service.name} is gone from {pair.new.path}: code that imports it from there no longer compiles.",
                pair.new.path,
                service,
            )


RULE = Rule(
    id="SERVICE_NO_DELETE",
    on=FilePair,
    categories=frozenset({Category.FILE}),
    purpose="A service stays in its file.",
    check=_check,
)
