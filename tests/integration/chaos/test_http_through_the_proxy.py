"""A real HTTP client behind the proxy: statuses, delays, lost answers and repetitions by route."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from fakes.chaos_proxy import Proxied, proxied
from shop_sandbox.chaos.control import Refused
from shop_sandbox.chaos.fault import Duplicate, Latency, Reset, Status
from shop_sandbox.chaos.link import Protocol

pytestmark = pytest.mark.integration


class Till(ThreadingHTTPServer):
    """Counts what is paid, and says what was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.heard: list[str] = []


class _Request(BaseHTTPRequestHandler):
    server: Till

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.heard.append(self.path)
        self.send_response(201)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-key", self.headers.get("idempotency-key", ""))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name that the library wants

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def till() -> Iterator[Till]:
    with Till() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def payments(till: Till) -> Iterator[Proxied]:
    with proxied("payments", Protocol.HTTP, till.server_port) as found:
        yield found


@pytest.fixture
def client(payments: Proxied) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{payments.port}", timeout=20) as found:
        yield found


def test_without_a_fault_everything_comes_as_it_was_sent(client: httpx.Client, till: Till) -> None:
    answer = client.post("/v1/charges/a%2Fb?x=%20y", content=b"42", headers={"idempotency-key": "k"})

    assert (answer.status_code, answer.content, answer.headers["x-key"]) == (201, b"42", "k")
    assert till.heard == ["/v1/charges/a%2Fb?x=%20y"]


def test_a_status_is_of_its_route_and_nobody_behind_hears_of_it(client: httpx.Client, payments: Proxied, till: Till) -> None:
    fault = Status(target="orders->payments", seconds=600, status=500, operations=("POST /v1/charges*",))
    with payments.with_fault(fault):
        refused, read = client.post("/v1/charges"), client.get("/v1/charges")

    assert (refused.status_code, read.status_code) == (500, 201)
    assert till.heard == ["/v1/charges"]
    assert client.post("/v1/charges").status_code == 201


def test_a_lost_answer_is_of_work_that_was_done(client: httpx.Client, payments: Proxied, till: Till) -> None:
    with payments.with_fault(Status(target="payments", seconds=600, lost_answer=True)):
        assert client.post("/v1/charges").status_code == 503

    assert till.heard == ["/v1/charges"]


def test_a_request_that_arrives_twice_is_answered_once(client: httpx.Client, payments: Proxied, till: Till) -> None:
    with payments.with_fault(Duplicate(target="payments", seconds=600)):
        assert client.post("/v1/charges", content=b"7").content == b"7"

    assert till.heard == ["/v1/charges", "/v1/charges"]


def test_a_delay_is_of_its_route(client: httpx.Client, payments: Proxied) -> None:
    with payments.with_fault(Latency(target="payments", seconds=600, milliseconds=300, operations=("* /slow",))):
        client.get("/quick")
        assert payments.struck("latency") == 0
        began = time.monotonic()
        client.get("/slow")

    assert time.monotonic() - began >= 0.3


def test_connections_are_reset_the_open_ones_too(client: httpx.Client, payments: Proxied) -> None:
    client.get("/")
    with payments.with_fault(Reset(target="payments", seconds=600)), pytest.raises(httpx.TransportError):
        client.get("/")

    assert client.get("/").status_code == 201


def test_a_fault_ends_by_itself(client: httpx.Client, payments: Proxied) -> None:
    payments.control.begin(Status(target="payments", seconds=0.2))

    deadline = time.monotonic() + 20
    while payments.control.told().now:
        assert time.monotonic() < deadline
    assert client.get("/").status_code == 201


def test_a_target_that_nobody_calls_is_refused(payments: Proxied) -> None:
    with pytest.raises(Refused, match="nobody calls shipping"):
        payments.control.begin(Status(target="shipping", seconds=1))
