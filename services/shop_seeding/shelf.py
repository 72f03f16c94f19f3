"""A quick look whether inventory knows a product. Every `up` takes it, so it costs no heavy import."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit

from shop_seeding.failing import SeedingFailed

LOOK_SECONDS = 5.0


def shown(environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what services are shown that answer known certificates only; None where they answer everybody."""
    if "SHOP_TLS_AUTHORITY" not in environ:
        return None
    found = ssl.create_default_context(cafile=environ["SHOP_TLS_AUTHORITY"])
    found.load_cert_chain(environ["SHOP_TLS_CERTIFICATE"], environ["SHOP_TLS_KEY"])
    return found


def is_stocked(inventory: str, sku: str, tls: ssl.SSLContext | None = None) -> bool:
    """Return True if the inventory at this URL knows the product, and False only if it says that it does not.

    Raises SeedingFailed: any other answer says nothing, and seeding sets back what has been sold.
    """
    place = urlsplit(inventory).netloc
    connection = HTTPSConnection(place, timeout=LOOK_SECONDS, context=tls) if tls else HTTPConnection(place, timeout=LOOK_SECONDS)
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
