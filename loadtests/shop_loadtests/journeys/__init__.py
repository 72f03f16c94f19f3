"""What visitors of this shop do. A journey is a file of this package with a function `visit`, and is called like the file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

import httpx

MOST_SKUS = 500
_PAGE = 100
_ANSWER_SECONDS = 10.0


def prepare(target: str, environment: Mapping[str, str], journeys: Collection[str]) -> dict[str, object]:
    """Find the SKUs of up to 500 articles that can be bought, and what else these journeys need.

    Raises httpx.HTTPError, ValueError, KitError.
    """
    skus = [*islice(_in_stock(target), MOST_SKUS)]
    if not skus:
        raise ValueError("nothing is in stock")
    found: dict[str, object] = {"skus": skus}
    if not {"account", "restocking"} & {*journeys}:
        return found
    if "SHOP_INVENTORY_URL" not in environment:
        raise ValueError("account and restocking need the variables of the sandbox that is loaded: shop-dev env")
    from shop_loadtests.journeys.accounts import accounts, stock_token

    if "account" in journeys:
        found |= accounts(environment)
    if "restocking" in journeys:
        found |= {"stock": environment["SHOP_INVENTORY_URL"], "stockToken": stock_token(environment)}
    return found


def _in_stock(target: str) -> Iterator[str]:
    with httpx.Client(base_url=target, timeout=_ANSWER_SECONDS) as client:
        cursor = None
        while True:
            answer = client.get("/v1/stock-items", params={"limit": _PAGE, **({"cursor": cursor} if cursor else {})})
            page = answer.raise_for_status().json()
            yield from (item["sku"] for item in page["items"] if item["free"] > 0)
            cursor = page.get("nextCursor")
            if not cursor:
                return
