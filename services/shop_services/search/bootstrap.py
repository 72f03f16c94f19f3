"""Puts search together: the only place that picks adapters."""

from __future__ import annotations

import msgspec
from shop_kit.runtime import run_service
from shop_kit.service import Service
from shop_kit.settings import KafkaSettings, RuntimeSettings

from shop_services.search.adapters.index import PostgresSearchIndex
from shop_services.search.adapters.projection import PROJECTION
from shop_services.search.adapters.rest import SearchApi


class SearchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What search needs to know to start."""

    runtime: RuntimeSettings
    kafka: KafkaSettings
    database_url: str


async def search(service: Service, settings: SearchSettings) -> None:
    """Compose search."""
    pool = await service.database(settings.database_url)
    model = await service.read_model(pool, settings.kafka, PROJECTION)
    service.serves(SearchApi(PostgresSearchIndex(model), service.clock).routes())


def main() -> None:
    """Run the search service."""
    run_service("search", SearchSettings, search)
