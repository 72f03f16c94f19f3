"""Products, categories and pictures in memory, with the promises of the real ones: for rehearsals, and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shop_kit.aggregates import Stale
from shop_kit.clock import Clock
from shop_kit.testing.event_log import EventLog

from shop_services.catalog.adapters.events import category_event, product_event
from shop_services.catalog.application.ports import Edit, NotUploaded, ProductPage, Upload
from shop_services.catalog.domain.categories import CategoryInUse, CategoryTree, Change
from shop_services.catalog.domain.media import HEAD_BYTES, checked
from shop_services.catalog.domain.product import Picture, Product


@dataclass
class CatalogTables:
    """What is stored: all that processes share. `uploads` has, by product and picture, the declared type and the bytes."""

    products: dict[str, Product] = field(default_factory=dict)
    tree: CategoryTree = field(default_factory=lambda: CategoryTree({}))
    uploads: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    log: EventLog = field(default_factory=EventLog)


@dataclass(frozen=True)
class InMemoryProductRepository:
    """The ProductRepository."""

    tables: CatalogTables
    clock: Clock

    async def find(self, product_id: str) -> Product | None:
        """Return the product, or None."""
        return self.tables.products.get(product_id)

    async def find_many(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Return those products that exist."""
        return {one: self.tables.products[one] for one in product_ids if one in self.tables.products}

    async def save(self, product: Product, *, before: Product | None) -> Product:
        """Store and announce. Raises Stale."""
        owners = await self.owners([*product.content.skus])
        is_overtaken = self.tables.products.get(product.id) != before
        if (
            is_overtaken
            or {*owners.values()} - {product.id}
            or {*product.content.category_ids} - self.tables.tree.categories.keys()
        ):
            raise Stale(product.id)
        was_shown = before is not None and before.is_shown
        tells = was_shown or product.is_shown
        saved = replace(product, revision=product.revision.next(handling=None, announces=tells))
        self.tables.products[product.id] = saved
        if tells:
            await self.tables.log.publish([product_event(saved, was_shown=was_shown, now=self.clock.now())])
        return saved

    async def save_many(self, edits: Sequence[Edit]) -> Sequence[Edit]:
        """Store one after another. Returns those that could not be."""
        left = []
        for edit in edits:
            try:
                await self.save(edit.after, before=edit.before)
            except Stale:
                left.append(edit)
        return left

    async def owners(self, skus: Sequence[str]) -> Mapping[str, str]:
        """Return whose these SKUs are."""
        return {sku: one.id for one in self.tables.products.values() for sku in one.content.skus & {*skus}}

    async def page(self, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products by id."""
        return self._page([*self.tables.products.values()], limit, behind)

    async def shelf(self, category_id: str, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products of a category that are shown, by id."""
        here = [one for one in self.tables.products.values() if one.is_shown and category_id in one.content.category_ids]
        return self._page(here, limit, behind)

    def _page(self, products: Sequence[Product], limit: int, behind: str | None) -> ProductPage:
        rest = sorted((one for one in products if one.id > (behind or "")), key=lambda one: one.id)
        return ProductPage(rest[:limit], rest[limit - 1].id if len(rest) > limit else None)


@dataclass(frozen=True)
class InMemoryCategoryRepository:
    """The CategoryRepository."""

    tables: CatalogTables
    clock: Clock

    async def tree(self) -> CategoryTree:
        """Return all categories."""
        return self.tables.tree

    async def save(self, change: Change) -> None:
        """Store and announce. Raises Stale, CategoryInUse."""
        if change.tree.version != self.tables.tree.version + 1:
            raise Stale("the category tree")
        if change.is_removal and any(change.category_id in one.content.category_ids for one in self.tables.products.values()):
            raise CategoryInUse("products stand in it")
        self.tables.tree = change.tree
        told = [category_event(change.tree, one, now=self.clock.now()) for one in (change.category_id, *change.moved)]
        await self.tables.log.publish(told)


@dataclass(frozen=True)
class InMemoryMediaStore:
    """The MediaStore: what was put into `uploads` can be taken over."""

    tables: CatalogTables
    clock: Clock

    async def invite(self, product_id: str, media_id: str, *, content_type: str, size: int) -> Upload:
        """Return an address that leads nowhere."""
        headers = {"content-type": content_type, "content-length": str(size)}
        return Upload(f"https://uploads.invalid/{product_id}/{media_id}", headers, self.clock.now() + 900)

    async def take_over(self, product_id: str, media_id: str) -> Picture:
        """Look at an upload. Raises NotUploaded, PictureRefused."""
        found = self.tables.uploads.get((product_id, media_id))
        if found is None:
            raise NotUploaded(media_id)
        declared, content = found
        return Picture(media_id, checked(content[:HEAD_BYTES], size=len(content), declared=declared), len(content))

    async def address(self, product_id: str, media_id: str) -> str:
        """Return an address that leads nowhere."""
        return f"https://pictures.invalid/{product_id}/{media_id}"
