"""Where the services keep what is to be published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from shop_kit.aws.client import AwsClient
from shop_kit.aws.dynamo import Dynamo
from shop_kit.settings import AwsSettings

_TABLES = {"inventory": "inventory-outbox", "payments": "payments-outbox", "pricing": "pricing-outbox"}
_DATABASE = "orders"


@dataclass(frozen=True)
class Outboxes:
    """A database, and tables by service."""

    database: str
    aws: AwsSettings

    @classmethod
    def of(cls, environ: Mapping[str, str], aws: AwsSettings) -> Outboxes:
        """Find them by the variables of a sandbox. Raises KeyError."""
        return cls(urlunsplit(urlsplit(environ["DATABASE_URL"])._replace(path=f"/{_DATABASE}")), aws)

    async def count(self) -> dict[str, int]:
        """Return how many messages wait, by service."""
        connection = await asyncpg.connect(self.database, timeout=10)
        try:
            found = {_DATABASE: int(await connection.fetchval("select count(*) from outbox"))}
        finally:
            await connection.close()
        async with AwsClient.connect(self.aws) as client:
            dynamo = Dynamo(client)
            return found | {name: len((await dynamo.scan(table)).items) for name, table in _TABLES.items()}
