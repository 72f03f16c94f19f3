"""What the catalog needs from outside, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shop_services.catalog.domain.categories import CategoryTree, Change
from shop_services.catalog.domain.product import Picture, Product


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Some products, and the id to go on behind (None: there are no more)."""

    items: Sequence[Product]
    next_id: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """What becomes of a product; `before` is None for one that is new."""

    before: Product | None
    after: Product


class ProductRepository(Protocol):
    """The products. Each is written together with its places on shelves, its claim to its SKUs, and the event that tells of it."""

    async def find(self, product_id: str) -> Product | None:
        """Return the product as it is, or None."""
        ...

    async def find_many(self, product_ids: Sequence[str]) -> Mapping[str, Product]:
        """Return those products that exist, as they are."""
        ...

    async def save(self, product: Product, *, before: Product | None) -> Product:
        """Write what became of `before`, and announce what visitors see of it.

        Raises Stale when the product is not `before` any more, or a category or SKU is not there for it; ProductTooLarge.
        """
        ...

    async def save_many(self, edits: Sequence[Edit]) -> Sequence[Edit]:
        """Write many at once. Returns those that were not written, perhaps since others with them could not be: each of them is to
        be decided by itself.
        """
        ...

    async def owners(self, skus: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of the products that have these SKUs, by SKU."""
        ...

    async def page(self, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products, whatever their status, in no particular order."""
        ...

    async def shelf(self, category_id: str, *, limit: int, behind: str | None) -> ProductPage:
        """Up to `limit` products that are shown and stand in this very category, by id."""
        ...


class CategoryRepository(Protocol):
    """The category tree."""

    async def tree(self) -> CategoryTree:
        """Return all categories as they are."""
        ...

    async def save(self, change: Change) -> None:
        """Write a change and announce what it changed. Raises Stale, and CategoryInUse when products stand in what is removed."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a picture may be uploaded to: by a PUT with exactly these headers, until `expires_at` (seconds since the epoch)."""

    url: str
    headers: Mapping[str, str]
    expires_at: float


class NotUploaded(Exception):
    """Nothing was uploaded under this id."""


class MediaStore(Protocol):
    """The bytes of pictures."""

    async def invite(self, product_id: str, media_id: str, *, content_type: str, size: int) -> Upload:
        """Return where a picture of this type and size (in bytes) may be uploaded to."""
        ...

    async def take_over(self, product_id: str, media_id: str) -> Picture:
        """Keep what was uploaded, if it is what it says. Nobody can change it afterwards. Raises NotUploaded, PictureRefused."""
        ...

    async def address(self, product_id: str, media_id: str) -> str:
        """Return a URL that shows a picture, for some minutes."""
        ...
