"""Products in DynamoDB: one item each in a table of their own, written with their places on shelves, their SKUs and their event.

In the service's other table stand, for each product, an item for every SKU (`sku#…`, which only one product can have) and, while it
is shown, one for every category that it stands in (`shelf#…`). Each category counts its products, so that none that is in use goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec
from shop_kit.aggregates import Stale
from shop_kit.aggregates.dynamo import DynamoAggregates, id_in_key, revision_of
from shop_kit.aws.dynamo import Delete, Dynamo, Item, Put, Update, Write
from shop_kit.clock import Clock
from shop_kit.errors import Conflict, Invalid
from shop_kit.messages import OutgoingMessage
from shop_kit.outbox.dynamo import DynamoOutbox

from shop_services.catalog.adapters.category_repository import category_key
from shop_services.catalog.adapters.events import product_event
from shop_services.catalog.application.ports import Edit, ProductPage
from shop_services.catalog.domain.product import Content, Picture, Product, Status

KIND = "product"
LARGEST_BYTES = 300_000
"""Of a product's item: DynamoDB takes 400 KB, and the event that tells of it must fit as well."""

MOST_WRITES = 100
"""In one transaction of DynamoDB."""
_FOR_EVENTS = 8
"""Writes that are left for what tells of products: an item for each of a few events, a parcel for each 300 KB of many."""
_CONTENT = msgspec.json.Decoder(Content)
_PICTURES = msgspec.json.Decoder(tuple[Picture, ...])


class ProductTooLarge(Invalid):
    """A product with more text than can be kept."""

    def __init__(self, product_id: str, size: int) -> None:
        super().__init__(f"product {product_id} has {size} bytes; at most {LARGEST_BYTES} are taken")


class DynamoProductRepository:
    """The ProductRepository."""

    def __init__(self, dynamo: Dynamo, outbox: DynamoOutbox, *, products_table: str, table: str, clock: Clock) -> None:
        self._dynamo = dynamo
        self._products_table = products_table
        self._table = table
        self._clock = clock
        self._products = DynamoAggregates[Product](
            dynamo, outbox, table=products_table, kind=KIND, to_item=_from_product, from_item=_to_product
        )

    async def find(self, product_id: str) -> Product | None:
        """Return the product as it is, or None."""
        return await self._products.find(product_id, fresh=True)

    async def find_many(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Return those products that exist."""
        keys = [_product_key(product_id) for product_id in dict.fromkeys(product_ids)]
        found = [_to_product(item) for item in await self._dynamo.get_many(self._products_table, keys)]
        return {product.id: product for product in found}

    async def save(self, product: Product, *, before: Product | None) -> Product:
        """Write and announce. Raises Stale, ProductTooLarge."""
        (saved,) = await self._save_together([Edit(before, product)])
        return saved

    async def save_many(self, edits: Sequence[Edit]) -> Sequence[Edit]:
        """Write as many in a transaction as it takes. Returns those of transactions that failed."""
        left: list[Edit] = []
        for together in _parted(edits):
            try:
                await self._save_together(together)
            except (Stale, Conflict, ProductTooLarge):
                left += together
        return left

    async def _save_together(self, edits: Sequence[Edit]) -> Sequence[Product]:
        for edit in edits:
            _check_size(edit.after)
        claims = [write for edit in edits for write in self._claims(edit.after, edit.before)]
        places = [write for edit in edits for write in self._places(edit.after, edit.before)]
        announced = [(edit.after, self._announcement(edit)) for edit in edits]
        return await self._products.save_all(announced, also=[*claims, *places, *self._counts(edits)])

    def _announcement(self, edit: Edit) -> Callable[[Product], OutgoingMessage] | None:
        was_shown = edit.before is not None and edit.before.is_shown
        now = self._clock.now()
        return (lambda saved: product_event(saved, was_shown=was_shown, now=now)) if was_shown or edit.after.is_shown else None

    async def owners(self, skus: Sequence[str]) -> Mapping[str, str]:
        """Return whose these SKUs are."""
        return {item["sku"]: item["product_id"] for item in await self._dynamo.get_many(self._table, [*map(_sku_key, skus)])}

    async def page(self, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products in the table's own order."""
        page = await self._dynamo.scan(self._products_table, limit=limit, start=_product_key(behind) if behind else None)
        next_id = id_in_key(page.next_key) if page.next_key else None
        return ProductPage([_to_product(item) for item in page.items], next_id)

    async def shelf(self, category_id: str, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products of a category by id; one that is withdrawn at this moment may be missing."""
        start = _place_key(category_id, behind) if behind else None
        page = await self._dynamo.query(
            self._table, "pk = :shelf", {":shelf": _place_key(category_id, "")["pk"]}, limit=limit, start=start
        )
        ids = [str(item["sk"]) for item in page.items]
        found = await self.find_many(ids)
        shown = [found[one] for one in ids if one in found and found[one].is_shown]
        return ProductPage(shown, str(page.next_key["sk"]) if page.next_key else None)

    def _claims(self, product: Product, before: Product | None) -> Iterator[Write]:
        gone, come = _difference(before.content.skus if before else (), product.content.skus)
        for sku in gone:
            yield Delete(self._table, _sku_key(sku))
        for sku in come:
            item = {**_sku_key(sku), "sku": sku, "product_id": product.id}
            yield Put(self._table, item, condition="attribute_not_exists(pk)")

    def _places(self, product: Product, before: Product | None) -> Iterator[Write]:
        gone, come = _difference(_shelves(before), _shelves(product))
        for category_id in gone:
            yield Delete(self._table, _place_key(category_id, product.id))
        for category_id in come:
            yield Put(self._table, _place_key(category_id, product.id))

    def _counts(self, edits: Sequence[Edit]) -> Iterator[Write]:
        come = Counter(one for edit in edits for one in edit.after.content.category_ids)
        gone = Counter(one for edit in edits if edit.before for one in edit.before.content.category_ids)
        for category_id in sorted(come | gone):
            if by := come[category_id] - gone[category_id]:
                key = category_key(category_id)
                yield Update(self._table, key, "ADD products :by", condition="attribute_exists(pk)", values={":by": by})


def _parted(edits: Sequence[Edit]) -> Iterator[Sequence[Edit]]:
    """Yield edits that one transaction takes together: not too many writes, and no item written twice."""
    together: list[Edit] = []
    keys: set[str] = set()
    for edit in edits:
        own, shared = _written(edit)
        if together and (len(keys | own | shared) + _FOR_EVENTS > MOST_WRITES or not keys.isdisjoint(own)):
            yield together
            together, keys = [], set()
        together.append(edit)
        keys |= own | shared
    if together:
        yield together


def _written(edit: Edit) -> tuple[set[str], set[str]]:
    """Return what stands for the items that an edit may write: those of its own, and those that others may write with it."""
    skus = {*edit.after.content.skus, *(edit.before.content.skus if edit.before else ())}
    categories = {*_categories(edit.after), *_categories(edit.before)}
    own = {edit.after.id, *map("sku#{}".format, skus), *(f"shelf#{one}#{edit.after.id}" for one in categories)}
    return own, categories


def _categories(product: Product | None) -> Collection[str]:
    return product.content.category_ids if product else ()


def _check_size(product: Product) -> None:
    size = len(msgspec.json.encode(_from_product(product)))
    if size > LARGEST_BYTES:
        raise ProductTooLarge(product.id, size)


def _difference(before: Collection[str], after: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what went and what came, in a fixed order: transactions that meet take their items in the same one."""
    return sorted({*before} - {*after}), sorted({*after} - {*before})


def _shelves(product: Product | None) -> Collection[str]:
    return product.content.category_ids if product and product.is_shown else ()


def _product_key(product_id: str) -> Item:
    return {"pk": f"{KIND}#{product_id}", "sk": KIND}


def _sku_key(sku: str) -> Item:
    return {"pk": f"sku#{sku}", "sk": "sku"}


def _place_key(category_id: str, product_id: str) -> Item:
    return {"pk": f"shelf#{category_id}", "sk": product_id}


def _from_product(product: Product) -> Item:
    # Texts, not maps: nobody asks DynamoDB for what is in them, and it would look into each part of them at every write.
    return {
        "status": product.status.value,
        "content": msgspec.json.encode(product.content).decode(),
        "pictures": msgspec.json.encode(product.pictures).decode(),
    }


def _to_product(item: Item) -> Product:
    content, pictures = _CONTENT.decode(item["content"]), _PICTURES.decode(item["pictures"])
    return Product(item["id"], content, Status(item["status"]), pictures, revision_of(item))
