"""`shop-dev queues`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def queues(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """List the SQS queues: whose each is, and how many messages wait in it, are being handled, or are due later."""
    from shop_dev.output.stores import queues_data, queues_page
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores import aws

    del json
    stores = stores_of(name)
    stores.required("aws")
    found = aws.queues(stores.environment)
    return Answer(data=queues_data(stores.owners, found), text=queues_page(stores.owners, found))
