"""FILE_SAME_PACKAGE: A file keeps its package."""

from __future__ import annotations

from collections.abc import Iterator

from shop_contracts.compat.house.breaks import Break
from shop_contracts.compat.house.pairs import FilePair
from shop_contracts.compat.house.rule import Category, Rule


def _check(pair: FilePair) -> Iterator[Break]:
    if pair.old.package != pair.new.package:
        before, after = pair.old.package or "(none)", pair.new.package or "(none)"
        yield pair.breaks(
            "Every full name in the file changes with its package: records, type URLs and RPC paths no longer match.",
            before=f"package {before}",
            after=f"package {after}",
        )


RULE = Rule(
    id="FILE_SAME_PACKAGE",
    on=FilePair,
    categories=frozenset({Category.FILE, Category.PACKAGE, Category.WIRE_JSON, Category.WIRE}),
    purpose="A file keeps its package.",
    check=_check,
)
