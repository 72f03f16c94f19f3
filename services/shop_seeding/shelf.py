"""A quick look whether inventory knows a product. Every `up` takes it, so it costs no heavy import."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from urllib.parse import quote, urlsplit

from shop_seeding.failing import SeedingFailed

LOOK_SECONDS = 5.0


def is_stocked(inventory: str, sku: str) -> bool:
    """Return True if the inventory at this URL knows the product, and False only if it says that it does not.

    Raises SeedingFailed: any other answer says nothing, and seeding sets back what has been sold.
    """
    connection = HTTPConnection(urlsplit(inventory).netloc, timeout=LOOK_SECONDS)
    try:
        connection.request("GET", f"/v1/stock-items/{quote(sku)}")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise SeedingFailed(f"inventory does not answer: {str(error) or type(error).__name__}.") from error
    finally:
        connection.close()
    if status in (200, 404):
        return status == 200
    raise SeedingFailed(f"inventory answers {status} when asked for product {sku}, so nobody knows whether the shop is empty.")
