"""PACKAGE_SERVICE_NO_DELETE: A service stays in its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import ABSENT, Break, path_of
from shop_contracts.compat.house.pairs import SchemaPair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: SchemaPair) -> Iterator[Break]:
    packages = {file.package for file in pair.new.files.values()}
    for service in pair.old.services.values():
        if service.file.package in packages and service.full_name not in pair.new.services:
            yield Break(
                path_of(service.name),
                f"service {service.full_name}",
                ABSENT,
                f"The service {service.full_name} is gone from its package: its callers get UNIMPLEMENTED.",
                service.file.path if service.file.path in pair.new.files else None,
                service,
            )


RULE = Rule(
    id="PACKAGE_SERVICE_NO_DELETE",
    on=SchemaPair,
    categories=frozenset({Category.PACKAGE, Category.RPC}),
    purpose="A service stays in its package.",
    check=_check,
)
