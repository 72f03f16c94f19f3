"""Certificates of a sandbox: of its own authority, for nobody else to read, and renewed in time."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from shop_kit.tls import Files, MutualTls
from shop_sandbox import certificates
from shop_sandbox.certificates import LIFETIME, Certified, certify, ensure
from shop_sandbox.endpoints import Endpoints
from shop_sandbox.resources.certified import Secured, certified
from shop_sandbox.resources.model import Resource, ResourceKind


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "default" / "tls"


def shown(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Certified.named(folder, name).certificate.read_bytes())


def test_each_service_has_a_certificate_of_the_one_authority_that_the_kit_takes(folder: Path) -> None:
    ensure(folder, ["orders", "pricing"])

    authority = shown(folder, "authority")
    for name in ("orders", "pricing"):
        shown(folder, name).verify_directly_issued_by(authority)
        files = Certified.named(folder, name)
        assert MutualTls(Files(files.certificate, files.key, files.authority)).generation == 1


def test_nobody_else_reads_them(folder: Path) -> None:
    ensure(folder, ["orders"])

    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_holds_for_long_enough_stays_and_the_rest_is_renewed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LIFETIME", LIFETIME / 3)
    ensure(folder, ["old"])
    monkeypatch.undo()
    ensure(folder, ["new"])
    before = {name: shown(folder, name).serial_number for name in ("authority", "old", "new")}

    ensure(folder, ["old", "new"])

    after = {name: shown(folder, name).serial_number for name in before}
    assert {name for name in before if before[name] != after[name]} == {"old"}
    assert shown(folder, "old").not_valid_after_utc > datetime.datetime.now(datetime.UTC) + LIFETIME / 2


def test_what_is_certified_again_is_of_the_same_authority(folder: Path) -> None:
    ensure(folder, ["orders"])
    before = shown(folder, "orders").serial_number

    certify(folder, ["orders"])

    assert shown(folder, "orders").serial_number != before
    shown(folder, "orders").verify_directly_issued_by(shown(folder, "authority"))


def test_services_are_asked_over_https_but_for_ports_of_visitors_and_stores(folder: Path) -> None:
    plain = {
        "kafka": Resource("kafka", ResourceKind.KAFKA, ports=("kafka",)),
        "pricing": Resource("pricing", ResourceKind.SERVICE, ports=("pricing", "pricing.grpc")),
        "edge": Resource("edge", ResourceKind.SERVICE, ports=("edge", "edge.operations")),
    }

    resources = certified(plain, folder)

    endpoints = Endpoints({"kafka": 1, "pricing": 2, "edge": 3}, secured=Secured(resources))
    assert [endpoints.url(name) for name in ("pricing", "edge")] == ["https://127.0.0.1:2", "http://127.0.0.1:3"]
    assert resources["edge"].environment["SHOP_TLS_KEY"] == str(folder / "edge.key")
    assert resources["kafka"] == plain["kafka"]
    assert "pricing" not in Secured(plain)
