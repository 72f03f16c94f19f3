"""The category tree in DynamoDB: a partition with its version in front, so that one query reads it, and one version guards it."""

from __future__ import annotations

from collections.abc import Iterator

from shop_kit.aggregates import Stale
from shop_kit.aws.dynamo import Delete, Dynamo, Item, Put, TransactionCancelled, Update, Write
from shop_kit.clock import Clock
from shop_kit.outbox.dynamo import DynamoOutbox

from shop_services.catalog.adapters.events import category_event
from shop_services.catalog.domain.categories import Category, CategoryInUse, CategoryTree, Change

PARTITION = "categories"
_HEAD = {"pk": PARTITION, "sk": "#tree"}
_TREE, _CATEGORY = 0, 1
"""The places of these writes in a change's transaction."""


def category_key(category_id: str) -> Item:
    """Return where a category stands in the service's table."""
    return {"pk": PARTITION, "sk": category_id}


class DynamoCategoryRepository:
    """The CategoryRepository. The tree is read anew only when its version is another."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._outbox = outbox
        self._table = table
        self._clock = clock
        self._known = CategoryTree({})

    async def tree(self) -> CategoryTree:
        """Return all categories as they are."""
        version = await self._version()
        while self._known.version != version:
            tree = CategoryTree(await self._categories(), version)
            version = await self._version()
            if tree.version == version:  # else it changed between two pages of the query
                self._known = tree
        return self._known

    async def save(self, change: Change) -> None:
        """Write and announce. Raises Stale, CategoryInUse."""
        now = self._clock.now()
        told = [category_event(change.tree, one, now=now) for one in (change.category_id, *change.moved)]
        try:
            await self._outbox.commit([*self._writes(change)], messages=told)
        except TransactionCancelled as error:
            if error.failed.keys() == {_CATEGORY} and change.is_removal:
                raise CategoryInUse("products stand in it") from error
            raise Stale("the category tree is not as it was read any more") from error
        self._known = change.tree

    def _writes(self, change: Change) -> Iterator[Write]:
        before = change.tree.version - 1
        yield Put(
            self._table,
            {**_HEAD, "version": change.tree.version},
            condition="version = :before" if before else "attribute_not_exists(pk)",
            values={":before": before} if before else {},
        )
        key = category_key(change.category_id)
        if change.is_removal:
            yield Delete(self._table, key, condition="products = :none", values={":none": 0})
            return
        category = change.tree.categories[change.category_id]
        yield Update(
            self._table,
            key,
            # What is new begins with no products; what is there keeps its count, which products move.
            "SET parent_id = :parent, #names = :names, version = :version, products = if_not_exists(products, :none)",
            names={"#names": "names"},
            values={
                ":parent": category.parent_id or "",
                ":names": category.names,
                ":version": category.version,
                ":none": 0,
            },
        )

    async def _version(self) -> int:
        head = await self._dynamo.get(self._table, _HEAD)
        return int(head["version"]) if head else 0

    async def _categories(self) -> dict[str, Category]:
        items = self._dynamo.query_all(self._table, "pk = :tree AND sk > :head", _BEHIND_HEAD)
        return {item["sk"]: _to_category(item) async for item in items}


_BEHIND_HEAD = {":tree": PARTITION, ":head": _HEAD["sk"]}


def _to_category(item: Item) -> Category:
    return Category(item["sk"], item["parent_id"] or None, item["names"], item["version"])
