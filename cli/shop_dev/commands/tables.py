"""`shop-dev tables`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def tables(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """List the tables in PostgreSQL and DynamoDB: whose each is, and how much is in it."""
    from shop_dev.output.stores import tables_data, tables_page
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores.aws import dynamo_tables
    from shop_dev.stores.postgres import sql_tables

    del json
    stores = stores_of(name)
    told = (
        stores.owners,
        sql_tables(stores.database_urls()) if stores.runs("postgres") else [],
        dynamo_tables(stores.environment) if stores.runs("aws") else [],
    )
    return Answer(data=tables_data(*told), text=tables_page(*told))
