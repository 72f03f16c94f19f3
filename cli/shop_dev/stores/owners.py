"""Which service owns what in the stores, as the manifests say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shop_sandbox.resources.facts import Belongings


@dataclass(frozen=True)
class Owners:
    """By name of a thing the service that owns it."""

    services: tuple[Belongings, ...]

    @property
    def databases(self) -> Mapping[str, str]:
        return {name: one.service for one in self.services for name in one.databases}

    @property
    def tables(self) -> Mapping[str, str]:
        """Of DynamoDB."""
        return {name: one.service for one in self.services for name in one.tables}

    @property
    def queues(self) -> Mapping[str, str]:
        """Queues, and those of their dead letters."""
        return {name: one.service for one in self.services for name in one.queues}

    @property
    def buckets(self) -> Mapping[str, str]:
        return {name: one.service for one in self.services for name in one.buckets}
