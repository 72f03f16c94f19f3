"""An authority of a sandbox's own, and certificates for its services: what they know each other by (`mtls = true`).

Everything lies in one folder that nobody else reads. The authority stays for as long as the sandbox; certificates are renewed at a
start once half of their time is over, or whenever somebody calls `certify`, and services go on with the new ones by themselves.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shop_sandbox.disk import write_atomically

AUTHORITY = "authority"
OPERATOR = "operator"
"""Whoever works on the sandbox from outside: `shop-dev`, seeding, tests."""
LIFETIME = datetime.timedelta(days=90)
AUTHORITY_LIFETIME = datetime.timedelta(days=3650)
_HOSTS = ("localhost", "host.docker.internal")
_FOR_BOTH_SIDES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])


@dataclass(frozen=True)
class Certified:
    """Where a certificate, its key and its authority's certificate are, in PEM."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def named(cls, folder: Path, name: str) -> Certified:
        """Return where they are in a folder."""
        return cls(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{AUTHORITY}.pem")

    def variables(self) -> Mapping[str, str]:
        """Return the variables by which a program finds them."""
        return {
            "SHOP_TLS_CERTIFICATE": str(self.certificate),
            "SHOP_TLS_KEY": str(self.key),
            "SHOP_TLS_AUTHORITY": str(self.authority),
        }


def ensure(folder: Path, names: Iterable[str]) -> None:
    """Have a certificate for each name that holds for half of a lifetime at least. Raises OSError, SandboxError (DISK_FULL)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certify(folder, [name for name in names if not _holds(folder, name)])


def certify(folder: Path, names: Iterable[str]) -> None:
    """Write a new certificate for each name, in place of the one before. Raises OSError, SandboxError (DISK_FULL)."""
    wanted = [*names]
    if not wanted:
        return
    signer, issuer = _authority(folder)
    for name in wanted:
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _builder(name, key.public_key(), issuer.subject, LIFETIME)
            .add_extension(x509.SubjectAlternativeName(_places(name)), critical=False)
            .add_extension(_FOR_BOTH_SIDES, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        write_atomically(folder / f"{name}.key", _private(key))
        write_atomically(folder / f"{name}.pem", _public(made.sign(signer, hashes.SHA256())))


def _authority(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Return the folder's authority, made when there is none."""
    certificate, key = folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key"
    if certificate.exists() and key.exists():
        kept = serialization.load_pem_private_key(key.read_bytes(), None)
        if isinstance(kept, ec.EllipticCurvePrivateKey):
            return kept, x509.load_pem_x509_certificate(certificate.read_bytes())
    fresh = ec.generate_private_key(ec.SECP256R1())
    name = f"shop-dev {folder.parent.name}"
    made = _builder(name, fresh.public_key(), _named(name), AUTHORITY_LIFETIME)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(_signs_certificates(), critical=True)
    signed = made.sign(fresh, hashes.SHA256())
    write_atomically(key, _private(fresh))
    write_atomically(certificate, _public(signed))
    return fresh, signed


def _holds(folder: Path, name: str) -> bool:
    files = Certified.named(folder, name)
    if not all(file.exists() for file in (files.certificate, files.key, files.authority)):
        return False
    ends = x509.load_pem_x509_certificate(files.certificate.read_bytes()).not_valid_after_utc
    return ends - datetime.datetime.now(datetime.UTC) > LIFETIME / 2


def _builder(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, lifetime: datetime.timedelta) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _places(name: str) -> list[x509.GeneralName]:
    """Where a service is found: on this machine, from a container on it, and among containers under its own name."""
    return [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *(x509.DNSName(host) for host in (*_HOSTS, name))]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
