"""Puts the catalog together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_contracts import tokens
from shop_contracts.proto.catalog.v1.categories_pb2 import CategoryEvent
from shop_contracts.proto.catalog.v1.products_pb2 import ProductEvent
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import AwsSettings, KafkaSettings, RuntimeSettings

from shop_services.catalog.adapters.category_repository import DynamoCategoryRepository
from shop_services.catalog.adapters.category_rest import CategoriesApi
from shop_services.catalog.adapters.events import CATEGORIES_TOPIC, PRODUCTS_TOPIC
from shop_services.catalog.adapters.media_store import S3MediaStore
from shop_services.catalog.adapters.product_repository import DynamoProductRepository
from shop_services.catalog.adapters.rest import ProductsApi
from shop_services.catalog.application.editing import Editing


class CatalogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    aws: AwsSettings
    shop_table_catalog: str
    shop_table_catalog_products: str
    shop_table_catalog_outbox: str
    shop_bucket_catalog_uploads: str
    shop_bucket_catalog_pictures: str
    shop_edge_url: str | None = None


async def catalog(service: Service, settings: CatalogSettings) -> None:
    """Compose the catalog."""
    store = await service.kafka_and_table(
        settings.kafka,
        settings.aws,
        table=settings.shop_table_catalog,
        outbox_table=settings.shop_table_catalog_outbox,
        publishes={PRODUCTS_TOPIC: ProductEvent, CATEGORIES_TOPIC: CategoryEvent},
    )
    products = DynamoProductRepository(
        store.dynamo,
        store.outbox,
        products_table=settings.shop_table_catalog_products,
        table=store.table,
        clock=service.clock,
    )
    categories = DynamoCategoryRepository(store.dynamo, store.outbox, table=store.table, clock=service.clock)
    media = S3MediaStore(
        await service.aws_sdk(settings.aws, "s3"),
        uploads=settings.shop_bucket_catalog_uploads,
        pictures=settings.shop_bucket_catalog_pictures,
        clock=service.clock,
    )
    routes = ProductsApi(Editing(products, categories), media, store.idempotency).routes()
    callers = service.tokens_from("edge", settings.shop_edge_url, issuer=tokens.ISSUER, audience=tokens.INTERNAL_AUDIENCE)
    service.serves([*routes, *CategoriesApi(categories, store.idempotency).routes()], tokens=callers)


def main() -> None:
    """Run the catalog service."""
    run_service("catalog", CatalogSettings, catalog)
