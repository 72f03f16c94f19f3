"""The seeded products and their categories as the catalog imports them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shop_kit.identifiers import identifier_from

from shop_seeding.assortment import ASSORTMENT, Name
from shop_seeding.products import Product


@dataclass(frozen=True)
class Category:
    """A category, whose id follows from its place in the tree."""

    id: str
    parent_id: str | None
    name: Name

    @classmethod
    def at(cls, *path: Name) -> Category:
        """Return the category that these names lead to."""
        names = [one.en for one in path]
        parent = identifier_from("cat", "seeding", *names[:-1]) if names[:-1] else None
        return cls(identifier_from("cat", "seeding", *names), parent, path[-1])

    def body(self) -> dict[str, object]:
        """Return it as the catalog takes it."""
        return {"names": {"en": self.name.en, "de": self.name.de}, "parentId": self.parent_id}


def categories() -> Iterator[Category]:
    """Yield all categories, parents before what is below them."""
    found: dict[str, Category] = {}
    for kind in ASSORTMENT:
        paths = [(kind.department,), (kind.department, kind.category)]
        for path in [*paths, *((kind.department, kind.category, thing.category) for thing in kind.things)]:
            category = Category.at(*path)
            found.setdefault(category.id, category)
    return iter(found.values())


def product_line(product: Product) -> dict[str, object]:
    """Return a product as a line of an import. Its id follows from its first SKU."""
    kind, title, thing = product.kind, product.title, product.thing.name
    values = [article.choice for article in product.articles]
    return {
        "id": identifier_from("prd", "seeding", product.sku),
        "status": "published",
        "title": {"en": title.en, "de": title.de},
        "description": {
            "en": f"A {thing.en} of the collection {product.collection}, made for every day and repaired for years.",
            "de": f"{thing.de} aus der Kollektion {product.collection}: für jeden Tag gemacht, auf Jahre zu reparieren.",
        },
        "brand": product.brand,
        "categoryIds": [Category.at(kind.department, kind.category, product.thing.category).id],
        "options": [{"name": kind.finish, "values": values}],
        "variants": [{"sku": article.sku, "options": {kind.finish: article.choice}} for article in product.articles],
    }
