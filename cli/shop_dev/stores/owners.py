"""Which service owns what in the stores, as the manifests say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shop_sandbox.manifest.names import dead_letter_queue

if TYPE_CHECKING:
    from shop_sandbox.manifest.form import Service


@dataclass(frozen=True)
class Owners:
    """By name of a thing the service that owns it."""

    services: tuple[Service, ...]

    @property
    def databases(self) -> Mapping[str, str]:
        return {database.name: service.service for service in self.services for database in service.needs.databases}

    @property
    def tables(self) -> Mapping[str, str]:
        """Of DynamoDB."""
        return {table.name: service.service for service in self.services for table in service.needs.tables}

    @property
    def queues(self) -> Mapping[str, str]:
        """Queues, and those of their dead letters."""
        owned = [(queue, service.service) for service in self.services for queue in service.needs.queues]
        return {name: owner for queue, owner in owned for name in (queue.name, dead_letter_queue(queue))}

    @property
    def buckets(self) -> Mapping[str, str]:
        return {bucket.name: service.service for service in self.services for bucket in service.needs.buckets}
