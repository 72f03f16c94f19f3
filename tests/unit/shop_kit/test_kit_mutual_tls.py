"""Mutual TLS over real sockets: who shows no certificate of the authority is not answered, over HTTP and gRPC."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from fakes.certificates import Authority
from fakes.declared_calls import calls_to
from opentelemetry import trace
from shop_contracts.proto.inventory.v1 import inventory_service_pb2 as messages
from shop_contracts.proto.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    add_InventoryServiceServicer_to_server,
)
from shop_kit.errors import Unavailable
from shop_kit.grpc import Anybody, GrpcService, serving_grpc
from shop_kit.grpc.client import GrpcClient
from shop_kit.http.app import create_app
from shop_kit.http.server import listening_socket, serve
from shop_kit.metrics import Metrics
from shop_kit.tls import CertificateUnusable, Files, MutualTls

pytestmark = pytest.mark.anyio
TRACER = trace.get_tracer("test")
SERVICE = messages.DESCRIPTOR.services_by_name["InventoryService"]
ARTICLES = messages.GetStockItemsRequest(skus=["mug"])
Refused = (aiohttp.ClientError, OSError)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "own")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """Another authority that calls itself the same."""
    return Authority(tmp_path / "other")


@asynccontextmanager
async def over_http(tls: MutualTls) -> AsyncIterator[str]:
    app = create_app([], readiness={}, tracer=TRACER, metrics=Metrics())
    listener, stop = listening_socket(None, "127.0.0.1", 0), asyncio.Event()
    listener.listen()
    serving = asyncio.create_task(serve(app, listener, stop=stop, grace_seconds=1, tls=tls.server))
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/health"
    finally:
        stop.set()
        await serving


async def asked(url: str, context: ssl.SSLContext | bool) -> int:
    """The status of an answer, over a connection of its own."""
    async with aiohttp.ClientSession() as session, session.get(url, ssl=context) as answer:
        await answer.read()
        return answer.status


async def shown(url: str) -> bytes:
    """The certificate that a server shows to whoever asks."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    port = int(url.partition("127.0.0.1:")[2].partition("/")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return bytes(found)


class Articles(InventoryServiceServicer):
    """Knows no article."""

    async def GetStockItems(self, request: object, context: object) -> messages.GetStockItemsResponse:  # noqa: N802
        return messages.GetStockItemsResponse()

    async def GetReservation(self, request: object, context: object) -> messages.GetReservationResponse:  # noqa: N802
        return messages.GetReservationResponse()


@asynccontextmanager
async def over_grpc(tls: MutualTls) -> AsyncIterator[str]:
    access = {"GetStockItems": Anybody("a test"), "GetReservation": Anybody("a test")}
    service = GrpcService("shop.inventory.v1.InventoryService", partial(add_InventoryServiceServicer_to_server, Articles()), access)
    async with serving_grpc(
        [service],
        address="127.0.0.1",
        port=0,
        readiness={},
        tokens=None,
        tracer=TRACER,
        metrics=Metrics(),
        most_seconds=10,
        drain_seconds=lambda: 1.0,
        tls=tls,
    ) as port:
        yield f"127.0.0.1:{port}"


async def called(address: str, tls: MutualTls | None) -> messages.GetStockItemsResponse:
    async with GrpcClient.connect(calls_to("inventory"), SERVICE, address, tracer=TRACER, tls=tls) as client:
        return await client.call(ARTICLES, messages.GetStockItemsResponse, seconds=5)


def later(files: Files) -> None:
    """Make files look written later: a clock's tick may be longer than a test."""
    for file in (files.certificate, files.key):
        os.utime(file, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns + 1_000_000_000))


async def test_over_http_only_certificates_of_the_authority_are_answered(authority: Authority, stranger: Authority) -> None:
    known, unknown = MutualTls(authority.certifies("edge")), MutualTls(stranger.certifies("edge"))
    nobody = ssl.create_default_context(cafile=str(authority.folder / "authority.pem"))
    pretender = ssl.create_default_context(cafile=str(authority.folder / "authority.pem"))
    pretender.load_cert_chain(stranger.folder / "edge.pem", stranger.folder / "edge.key")

    async with over_http(MutualTls(authority.certifies("orders"))) as url:
        assert await asked(url, known.client) == 200
        for refused in (unknown.client, nobody, pretender):
            with pytest.raises(Refused):
                await asked(url, refused)
        with pytest.raises(Refused):
            await asked(url.replace("https", "http"), context=False)


async def test_over_grpc_only_certificates_of_the_authority_are_answered(authority: Authority, stranger: Authority) -> None:
    known, unknown = MutualTls(authority.certifies("edge")), MutualTls(stranger.certifies("edge"))
    trusting = stranger.certifies("pretender")
    pretender = MutualTls(Files(trusting.certificate, trusting.key, authority.folder / "authority.pem"))

    async with over_grpc(MutualTls(authority.certifies("inventory"))) as address:
        assert await called(address, known) == messages.GetStockItemsResponse()
        for refused in (unknown, pretender, None):
            with pytest.raises(Unavailable):
                await called(address, refused)


async def test_a_client_takes_no_server_of_another_authority(authority: Authority, stranger: Authority) -> None:
    known, false_server = MutualTls(authority.certifies("edge")), MutualTls(stranger.certifies("orders"))

    async with over_http(false_server) as url, over_grpc(false_server) as address:
        with pytest.raises(Refused):
            await asked(url, known.client)
        with pytest.raises(Unavailable):
            await called(address, known)


async def test_a_renewed_certificate_is_shown_without_a_restart(authority: Authority) -> None:
    server = MutualTls(authority.certifies("orders"))
    client = MutualTls(authority.certifies("edge"))
    async with over_http(server) as url:
        before = await shown(url)

        for name, side in (("orders", server), ("edge", client)):
            later(authority.certifies(name))
            await side.renew()

        assert await shown(url) != before
        assert await asked(url, client.client) == 200


async def test_over_grpc_both_sides_go_on_with_renewed_certificates(authority: Authority) -> None:
    server, client = MutualTls(authority.certifies("inventory")), MutualTls(authority.certifies("edge"))
    async with (
        over_grpc(server) as address,
        GrpcClient.connect(calls_to("inventory"), SERVICE, address, tracer=TRACER, tls=client) as stub,
    ):
        call: Callable[[], object] = partial(stub.call, ARTICLES, messages.GetStockItemsResponse, seconds=5)
        await call()  # type: ignore[misc]  # a partial of a coroutine function

        for name, side in (("inventory", server), ("edge", client)):
            later(authority.certifies(name))
            await side.renew()

        await call()  # type: ignore[misc]
        assert (server.generation, client.generation) == (2, 2)


async def test_a_renewal_that_cannot_be_read_leaves_what_was_there(authority: Authority) -> None:
    files = authority.certifies("orders")
    tls = MutualTls(files)
    async with over_http(tls) as url:
        files.certificate.write_text("half a cert")
        later(files)
        await tls.renew()

        assert await asked(url, MutualTls(authority.certifies("edge")).client) == 200
    assert tls.generation == 1


def test_without_a_certificate_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(CertificateUnusable):
        MutualTls(Files(tmp_path / "a.pem", tmp_path / "a.key", tmp_path / "b.pem"))
