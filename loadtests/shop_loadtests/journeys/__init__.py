"""What visitors of this shop do. A journey is a file of this package with a function `visit`, and is called like the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import httpx

MOST_SKUS = 500
_PAGE = 100
_ANSWER_SECONDS = 10.0


def prepare(target: str, _environment: Mapping[str, str]) -> dict[str, object]:
    """Find the SKUs of up to 500 articles that can be bought. Raises httpx.HTTPError, ValueError."""
    skus = [*islice(_in_stock(target), MOST_SKUS)]
    if not skus:
        raise ValueError("nothing is in stock")
    return {"skus": skus}


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
