"""`shop-dev seed`."""

from __future__ import annotations

from typing import Annotated

import typer

from shop_dev.commands.options import JsonFlag, SandboxName
from shop_dev.output.answer import Answer
from shop_dev.seeding.products import DEFAULT_COUNT, DEFAULT_SEED, largest_count


def seed(
    *,
    seed: Annotated[int, typer.Option("--seed", help="The same number gives the same products, prices and stock.")] = DEFAULT_SEED,
    products: Annotated[int, typer.Option("--products", min=1, max=largest_count(), help="How many.")] = DEFAULT_COUNT,
    name: SandboxName = None,
    json: JsonFlag = False,
) -> Answer:
    """Fill the shop with products and stock, the same ones for the same seed.

    They go through inventory's own API. Doing it again sets them to the same values.
    """
    import time

    from shop_dev import sandbox
    from shop_dev.project import open_project
    from shop_dev.seeding import importing
    from shop_dev.seeding.products import products as invented

    del json
    status = sandbox.connect(open_project(name=name)).status()
    shop = importing.Shop.found_in(status.endpoints, status.environment)
    assortment = invented(seed=seed, count=products)
    began = time.monotonic()
    count = importing.import_products(shop, assortment)
    seconds = time.monotonic() - began
    first = assortment[0]
    return Answer(
        data={"products": count, "seed": seed, "seconds": seconds, "first": {"sku": first.sku, "name": first.name}},
        text=f"{count:,} products are in stock, from {first.sku} ({first.name}) on; it took {seconds:.1f} s.",
    )
