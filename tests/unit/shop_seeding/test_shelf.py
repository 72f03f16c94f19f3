"""The look whether there is anything to order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from shop_seeding.failing import SeedingFailed
from shop_seeding.shelf import is_stocked


class Inventory(BaseHTTPRequestHandler):
    """Knows one product."""

    def do_GET(self) -> None:
        self.send_response({"GAR-00001": 200, "GAR-00002": 404}.get(self.path.rpartition("/")[2], 503))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def inventory() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Inventory)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_product_that_is_known_is_stocked(inventory: str) -> None:
    assert is_stocked(inventory, "GAR-00001")
    assert not is_stocked(inventory, "GAR-00002")


def test_an_inventory_that_does_not_answer_is_no_empty_shop(inventory: str) -> None:
    with pytest.raises(SeedingFailed, match="does not answer"):
        is_stocked("http://127.0.0.1:1", "GAR-00001")


def test_only_a_sure_no_means_that_a_product_is_missing(inventory: str) -> None:
    with pytest.raises(SeedingFailed, match="answers 503"):
        is_stocked(inventory, "GAR-00003")
