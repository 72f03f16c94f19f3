"""Containers find each other by the names of services, so certificates name them."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from shop_sandbox import certificates
from shop_sandbox.certificates import Certified


def test_a_certificate_is_good_for_the_name_of_its_service_too(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, ["orders"])

    found = x509.load_pem_x509_certificate(Certified.named(tmp_path, "orders").certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == ["localhost", "host.docker.internal", "orders"]
