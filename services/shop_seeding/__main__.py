"""`python -m shop_seeding`: the shop's `seed` command, as its settings name it.

It finds the shop by SHOP_CATALOG_URL, SHOP_INVENTORY_URL, SHOP_PRICING_URL, SHOP_IDENTITY_URL and AWS's own variables. With
SHOP_SEED=if-empty it leaves a shop with products alone, and imports nothing heavy to see that. Its last line is JSON: what was
done, and the SKU of an article that can be ordered.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence

from shop_seeding import shelf
from shop_seeding.customers import Customer, customers
from shop_seeding.failing import SeedingFailed
from shop_seeding.products import DEFAULT_COUNT, DEFAULT_SEED, Article, Product, largest_count, products


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Fill the shop; return the exit status: 1 where it could not be filled, 2 for wrong use."""
    asked = _parser().parse_args(arguments)
    first = next(products(seed=asked.seed, count=1)).articles[0]
    try:
        inventory = environ["SHOP_INVENTORY_URL"]
        if environ.get("SHOP_SEED") == "if-empty":
            if shelf.is_stocked(inventory, first.sku, shelf.shown(environ)):
                _say(json.dumps(_facts(first)))
                return 0
            _say(f"Filling the empty shop with {asked.products:,} products.")
        began = time.monotonic()
        invented = [*products(seed=asked.seed, count=asked.products)], [*customers(seed=asked.seed)]
        count = _fill(inventory, *invented, environ)
    except KeyError as error:
        print(f"{error.args[0]} is not set: does that part of the shop run?", file=sys.stderr)  # noqa: T201 - its answer
        return 1
    except SeedingFailed as error:
        print(error, file=sys.stderr)  # noqa: T201 - its answer
        return 1
    seconds = round(time.monotonic() - began, 3)
    _say(f"{count:,} products are in stock, from {first.sku} ({first.name}) on; it took {seconds:.1f} s.")
    _say(json.dumps({**_facts(first), "products": count, "seed": asked.seed, "seconds": seconds}))
    return 0


def _fill(inventory: str, assortment: Sequence[Product], people: Sequence[Customer], environ: Mapping[str, str]) -> int:
    from shop_kit.settings import AwsSettings, read_settings

    from shop_seeding.importing import Shop, import_everything

    aws, tls = read_settings(AwsSettings, environ), shelf.shown(environ)
    urls = (environ["SHOP_CATALOG_URL"], inventory, environ["SHOP_PRICING_URL"], environ["SHOP_IDENTITY_URL"])
    return import_everything(Shop(*urls, aws, tls), assortment, people)


def _facts(first: Article) -> dict[str, object]:
    return {"sku": first.sku, "name": first.name}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shop-dev seed", description="Fill the shop with products and stock, the same ones for the same seed."
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the same number gives the same products, prices and stock")
    parser.add_argument("--products", type=_count, default=DEFAULT_COUNT, help=f"how many, 1 to {largest_count()}")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= largest_count():
        raise argparse.ArgumentTypeError(f"takes 1 to {largest_count()}")
    return int(text)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
