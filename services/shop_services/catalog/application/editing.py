"""The use cases of products: they are written, published and withdrawn, and get pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shop_kit.aggregates import decide_and_record

from shop_services.catalog.application.ports import CategoryRepository, MediaStore, ProductRepository
from shop_services.catalog.domain.faults import Fault, NotAccepted
from shop_services.catalog.domain.product import Content, Product

Condition = Callable[[int | None], None]
"""Is given the version of what somebody wants to change, None when it is not there. Raises when it is not what they have seen."""


class ProductUnknown(Exception):
    """There is no such product."""

    def __init__(self, product_id: str) -> None:
        super().__init__(product_id)
        self.product_id = product_id


def anything(_version: int | None) -> None:
    """Be content with whatever is there: the condition of who asks for none."""


@dataclass(frozen=True)
class Editing:
    """What people do with one product at a time. Each returns the product as it is then, and raises whatever `condition` does."""

    products: ProductRepository
    categories: CategoryRepository

    async def write(self, product_id: str, content: Content, condition: Condition) -> Product:
        """Make a product, as a draft, or change what it says. Raises NotAccepted."""

        def written(before: Product | None) -> Product:
            return (before or Product(product_id, content)).with_content(content)

        return await self._change(product_id, written, condition)

    async def publish(self, product_id: str, condition: Condition) -> Product:
        """Show a product to visitors. Raises ProductUnknown, NotAccepted."""
        return await self._change(product_id, lambda before: _there(before, product_id).published(), condition)

    async def withdraw(self, product_id: str, condition: Condition) -> Product:
        """Show a product to nobody any more. Raises ProductUnknown."""
        return await self._change(product_id, lambda before: _there(before, product_id).withdrawn(), condition)

    async def attach(self, product_id: str, media_id: str, media: MediaStore, condition: Condition) -> Product:
        """Add what was uploaded to a product's pictures, once it was looked at.

        Raises ProductUnknown, NotUploaded, PictureRefused, NotAccepted.
        """
        product = _there(await self.products.find(product_id), product_id)
        condition(product.revision.version)
        if any(picture.id == media_id for picture in product.pictures):
            return product
        picture = await media.take_over(product_id, media_id)
        return await self._change(product_id, lambda before: _there(before, product_id).with_picture(picture), condition)

    async def detach(self, product_id: str, media_id: str, condition: Condition) -> Product:
        """Take a picture from a product. Raises ProductUnknown."""
        return await self._change(product_id, lambda before: _there(before, product_id).without_picture(media_id), condition)

    async def save(self, after: Product, before: Product | None, *, checks: bool) -> Product:
        """Write a product unless it is as it was. The store refuses what it refers to in vain; `checks` finds out what that is.

        Raises Stale, NotAccepted.
        """
        if after == before:
            return after
        if checks:
            await self._check_references(after)
        return await self.products.save(after, before=before)

    async def _change(self, product_id: str, change: Callable[[Product | None], Product], condition: Condition) -> Product:
        async def attempt(*, fresh: bool) -> Product:
            before = await self.products.find(product_id)
            condition(before.revision.version if before else None)
            return await self.save(change(before), before, checks=fresh)

        return await decide_and_record(attempt, subject=f"product {product_id}")

    async def _check_references(self, product: Product) -> None:
        """Return when the product's categories are there and nobody else has its SKUs. Raises NotAccepted."""
        tree = await self.categories.tree()
        owners = await self.products.owners([*product.content.skus])
        faults = [
            Fault(f"categoryIds[{place}]", f"there is no category {category_id}")
            for place, category_id in enumerate(product.content.category_ids)
            if category_id not in tree.categories
        ]
        faults += [
            Fault(f"variants[{place}].sku", f"{variant.sku} is an article of {owners[variant.sku]}")
            for place, variant in enumerate(product.content.variants)
            if owners.get(variant.sku, product.id) != product.id
        ]
        if faults:
            raise NotAccepted(faults)


def _there(product: Product | None, product_id: str) -> Product:
    if product is None:
        raise ProductUnknown(product_id)
    return product
