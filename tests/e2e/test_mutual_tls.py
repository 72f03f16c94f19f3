"""The shop with `mtls = true`: services answer nobody but each other, buy and sell, and renew their certificates as they go."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from cryptography import x509
from e2e.shop import CHECKOUT, Sandbox, Shop, until
from fakes.certificates import Authority
from shop_sandbox import certificates

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def guarded() -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_MTLS", "true")
        started = Sandbox(f"mtls-{uuid.uuid4().hex[:6]}")
        try:
            started.cli("up")
            started.status()
            yield Shop(started)
        finally:
            started.cli("down", "--purge")
    assert started.survivors() == []


@pytest.fixture
def stranger(tmp_path: Path, guarded: Shop) -> ssl.SSLContext:
    """Somebody who trusts the sandbox, and shows a certificate of an authority that calls itself the same."""
    files = Authority(tmp_path / "other", name=f"shop-dev {guarded.sandbox.name}").certifies("orders")
    context = ssl.create_default_context(cafile=guarded.environment["SHOP_TLS_AUTHORITY"])
    context.load_cert_chain(files.certificate, files.key)
    return context


def certificate_of(shop: Shop, service: str) -> int:
    place = urlsplit(shop.endpoints[service])
    shown = ssl.get_server_certificate((str(place.hostname), int(place.port or 0)))
    return x509.load_pem_x509_certificate(shown.encode()).serial_number


def test_a_checkout_goes_through_services_that_know_each_other(guarded: Shop) -> None:
    sku = guarded.new_article(stock=3)

    quote = guarded.quote((sku, 2))
    outcome = guarded.outcome(guarded.place(quote=quote["token"]))

    assert outcome["status"] == "completed"
    assert guarded.stock(sku) == (1, 0, 2)
    assert {name for name, url in guarded.endpoints.items() if url.startswith("https:")} >= {"orders", "pricing", "psp", "cart"}
    assert guarded.endpoints["edge"].startswith("http:")


def test_who_shows_no_certificate_of_the_authority_is_not_answered(guarded: Shop, stranger: ssl.SSLContext) -> None:
    url = f"{guarded.endpoints['pricing']}/health"
    nobody = ssl.create_default_context(cafile=guarded.environment["SHOP_TLS_AUTHORITY"])

    assert guarded.http.get(url).status_code == 200
    for context in (nobody, stranger):
        with pytest.raises(httpx.TransportError):
            httpx.get(url, verify=context)
    plain = grpc.insecure_channel(guarded.environment["SHOP_PRICING_GRPC_ADDRESS"])
    with plain as channel, pytest.raises(grpc.FutureTimeoutError):
        grpc.channel_ready_future(channel).result(timeout=1)


def test_renewed_certificates_are_taken_without_a_restart(guarded: Shop) -> None:
    folder = CHECKOUT / ".shop-dev" / guarded.sandbox.name / "tls"
    pids = {one["name"]: one["pid"] for one in guarded.sandbox.status()["resources"]}
    before = certificate_of(guarded, "pricing")

    certificates.certify(folder, ["pricing", "edge", "orders", "cart"])

    until("pricing shows another certificate", lambda: certificate_of(guarded, "pricing") != before, seconds=30)
    assert guarded.outcome(guarded.place((guarded.new_article(stock=1), 1)))["status"] == "completed"
    assert {one["name"]: one["pid"] for one in guarded.sandbox.status()["resources"]} == pids
