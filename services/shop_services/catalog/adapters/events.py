"""Products and categories as Protobuf events."""

from __future__ import annotations

from datetime import UTC, datetime

from shop_contracts.proto.catalog.v1 import categories_pb2, products_pb2
from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.catalog.domain.categories import CategoryTree
from shop_services.catalog.domain.product import Product

PRODUCTS_TOPIC = "shop.catalog.products.v1"
CATEGORIES_TOPIC = "shop.catalog.categories.v1"
SOURCE = "/shop/catalog"


def media_path(product_id: str, media_id: str) -> str:
    """Return where the catalog shows a picture."""
    return f"/v1/products/{product_id}/media/{media_id}"


def product_event(product: Product, *, was_shown: bool, now: float) -> OutgoingMessage:
    """Return what visitors see of a product now, when it is or `was_shown`. The key is the product's id."""
    event = products_pb2.ProductEvent(product_id=product.id, version=product.revision.version)
    event.occurred_at.FromDatetime(datetime.fromtimestamp(now, UTC))
    if not product.is_shown:
        event.product_withdrawn.SetInParent()
    elif was_shown:
        event.product_changed.product.CopyFrom(_product(product))
    else:
        event.product_published.product.CopyFrom(_product(product))
    return outgoing(PRODUCTS_TOPIC, product.id, event, source=SOURCE, sequence=product.revision.sequence)


def category_event(tree: CategoryTree, category_id: str, *, now: float) -> OutgoingMessage:
    """Return what a category is in `tree`, or that it is gone. The key is the category's id."""
    event = categories_pb2.CategoryEvent(category_id=category_id, version=tree.version)
    event.occurred_at.FromDatetime(datetime.fromtimestamp(now, UTC))
    category = tree.categories.get(category_id)
    if category is None:
        event.category_removed.SetInParent()
    else:
        told = event.category_changed.category
        told.category_id, told.parent_id = category_id, category.parent_id or ""
        told.path.extend(tree.path(category_id))
        told.names.update(category.names)
    return outgoing(CATEGORIES_TOPIC, category_id, event, source=SOURCE, sequence=tree.version)


def _product(product: Product) -> products_pb2.Product:
    content = product.content
    return products_pb2.Product(
        product_id=product.id,
        title=content.title,
        description=content.description,
        brand=content.brand,
        category_ids=content.category_ids,
        options=[products_pb2.Option(name=option.name, values=option.values) for option in content.options],
        variants=[
            products_pb2.Variant(sku=variant.sku, option_values=variant.options, attributes=variant.attributes)
            for variant in content.variants
        ],
        media=[
            products_pb2.Media(media_id=picture.id, url=media_path(product.id, picture.id), content_type=picture.content_type)
            for picture in product.pictures
        ],
    )
