"""What clients send and get of products and categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from shop_kit.http import FieldFault
from shop_kit.http.values import SkuText

from shop_services.catalog.adapters.events import media_path
from shop_services.catalog.application.importing import Line, Refused
from shop_services.catalog.domain.categories import CategoryTree
from shop_services.catalog.domain.faults import Fault
from shop_services.catalog.domain.media import LARGEST_BYTES
from shop_services.catalog.domain.product import (
    MOST_CATEGORIES,
    MOST_OPTIONS,
    MOST_VALUES,
    MOST_VARIANTS,
    Content,
    Option,
    Product,
    Status,
    Variant,
)

MOST_LANGUAGES = 10
MOST_ATTRIBUTES = 20

Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=50)]
Value = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Description = Annotated[str, msgspec.Meta(min_length=1, max_length=5000)]
Titles = Annotated[dict[Language, Title], msgspec.Meta(min_length=1, max_length=MOST_LANGUAGES)]
ProductId = Annotated[str, msgspec.Meta(pattern=r"^prd_[0-9A-HJKMNP-TV-Z]{26}\Z")]
CategoryId = Annotated[str, msgspec.Meta(pattern=r"^cat_[0-9A-HJKMNP-TV-Z]{26}\Z")]


class OptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Something that a buyer chooses, with what there is to choose from."""

    name: Name
    values: Annotated[list[Value], msgspec.Meta(min_length=1, max_length=MOST_VALUES)]


class VariantBody(msgspec.Struct, forbid_unknown_fields=True):
    """An article: one choice of every option, and what else is to be known of it."""

    sku: SkuText
    options: Annotated[dict[Name, Value], msgspec.Meta(max_length=MOST_OPTIONS)] = {}
    attributes: Annotated[dict[Name, Title], msgspec.Meta(max_length=MOST_ATTRIBUTES)] = {}


class ProductBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What people write of a product."""

    title: Titles
    description: Annotated[dict[Language, Description], msgspec.Meta(max_length=MOST_LANGUAGES)] = {}
    brand: Annotated[str, msgspec.Meta(max_length=100)] = ""
    category_ids: Annotated[list[CategoryId], msgspec.Meta(max_length=MOST_CATEGORIES)] = []
    options: Annotated[list[OptionBody], msgspec.Meta(max_length=MOST_OPTIONS)] = []
    variants: Annotated[list[VariantBody], msgspec.Meta(max_length=MOST_VARIANTS)] = []

    def content(self) -> Content:
        """Return the same in the words of the domain."""
        return Content(
            title=self.title,
            description=self.description,
            brand=self.brand,
            category_ids=tuple(self.category_ids),
            options=tuple(Option(one.name, tuple(one.values)) for one in self.options),
            variants=tuple(Variant(one.sku, one.options, one.attributes) for one in self.variants),
        )


class ImportedProduct(ProductBody, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A line of an import or export: the product, when it is at `revision` (0: when there is none yet)."""

    id: ProductId
    revision: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    status: Status = Status.DRAFT

    @classmethod
    def of(cls, product: Product) -> ImportedProduct:
        """Return a product as an export has it, and an import takes it."""
        written = product.content
        return cls(
            id=product.id,
            revision=product.revision.version,
            status=product.status,
            title=dict(written.title),
            description=dict(written.description),
            brand=written.brand,
            category_ids=[*written.category_ids],
            options=[OptionBody(one.name, [*one.values]) for one in written.options],
            variants=[VariantBody(one.sku, dict(one.options), dict(one.attributes)) for one in written.variants],
        )

    def line(self, number: int) -> Line:
        """Return the same in the words of the application."""
        return Line(number, self.id, self.content(), self.status, self.revision)


class PictureView(msgspec.Struct, rename="camel"):
    """A picture: its address, and its size in bytes."""

    id: str
    url: str
    content_type: str
    size: int


class ProductView(msgspec.Struct, rename="camel"):
    """A product as it is."""

    id: str
    status: str
    revision: int
    title: dict[str, str]
    description: dict[str, str]
    brand: str
    category_ids: list[str]
    options: list[OptionBody]
    variants: list[VariantBody]
    media: list[PictureView]

    @classmethod
    def of(cls, product: Product) -> ProductView:
        """Return a product as it is answered."""
        line = ImportedProduct.of(product)
        return cls(
            id=line.id,
            status=line.status.value,
            revision=line.revision,
            title=line.title,
            description=line.description,
            brand=line.brand,
            category_ids=line.category_ids,
            options=line.options,
            variants=line.variants,
            media=[PictureView(one.id, media_path(product.id, one.id), one.content_type, one.size) for one in product.pictures],
        )


class ProductPageView(msgspec.Struct, rename="camel"):
    """Some products and where to go on."""

    items: list[ProductView]
    next_cursor: str | None


class ExportPageView(msgspec.Struct, rename="camel"):
    """Some lines of an export and where to go on."""

    items: list[ImportedProduct]
    next_cursor: str | None


class RefusedLineView(msgspec.Struct):
    """A line that changed nothing: which (from 1), why, and what the product is at (0: there is none)."""

    line: int
    id: str | None
    revision: int
    errors: list[FieldFault]

    @classmethod
    def of(cls, refused: Refused) -> RefusedLineView:
        """Return a refused line as it is answered."""
        return cls(refused.number, refused.product_id, refused.version, field_faults(refused.faults))


class ImportView(msgspec.Struct):
    """How many lines' products are as the import wants them, and which are not."""

    imported: int
    refused: list[RefusedLineView]


class UploadBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A picture that somebody wants to upload; its size is in bytes."""

    content_type: Annotated[str, msgspec.Meta(pattern=r"^image/(jpeg|png|webp|avif)\Z")]
    size: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_BYTES)]


class UploadView(msgspec.Struct, rename="camel"):
    """Where to put a picture, and how: what is attached then has this id."""

    id: str
    method: str
    url: str
    headers: dict[str, str]
    expires_at: str


class CategoryBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A category as somebody wants it; without a parent it is a root."""

    names: Titles
    parent_id: CategoryId | None = None


class CategoryView(msgspec.Struct, rename="camel"):
    """A category as it is: `path` has the ids from the root to itself."""

    id: str
    parent_id: str | None
    path: list[str]
    names: dict[str, str]
    revision: int

    @classmethod
    def of(cls, tree: CategoryTree, category_id: str) -> CategoryView:
        """Return a category as it is answered."""
        found = tree.categories[category_id]
        return cls(found.id, found.parent_id, [*tree.path(found.id)], dict(found.names), tree.revision(found.id))


class CategoryPageView(msgspec.Struct, rename="camel"):
    """Some categories and where to go on."""

    items: list[CategoryView]
    next_cursor: str | None


def field_faults(faults: Sequence[Fault]) -> list[FieldFault]:
    """Return what the domain found as it is answered."""
    return [FieldFault(f"$.{fault.field}", fault.message) for fault in faults]
