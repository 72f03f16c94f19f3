"""`shop-dev buckets`."""

from __future__ import annotations

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer


def buckets(name: SandboxName = None, json: JsonFlag = False) -> Answer:
    """List the S3 buckets: whose each is, how many objects are in it, and how large they are."""
    from shop_dev.output.stores import buckets_data, buckets_page
    from shop_dev.sandbox.stores import stores_of
    from shop_dev.stores import aws

    del json
    stores = stores_of(name)
    stores.required("aws")
    found = aws.buckets(stores.environment)
    return Answer(data=buckets_data(stores.owners, found), text=buckets_page(stores.owners, found))
