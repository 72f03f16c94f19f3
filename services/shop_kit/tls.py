"""Mutual TLS between services: each shows a certificate of one authority, takes no other, and goes on with renewed ones.

Contexts are changed in place: connections from then on use the new certificate, those that are open stay as they are.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from shop_kit.errors import KitError

_log = logging.getLogger(__name__)

RENEWAL_SECONDS = 5.0
"""How often files are looked at: certificates are renewed long before they end."""


class CertificateUnusable(KitError):
    """A certificate, its key or the authority's certificate cannot be read."""


@dataclass(frozen=True)
class Files:
    """Where they are, in PEM: one's own certificate with its key, and the certificate of the authority that everybody's is from."""

    certificate: Path
    key: Path
    authority: Path

    def stamp(self) -> tuple[int, ...]:
        """Return what changes whenever a file does. Raises OSError."""
        return tuple(file.stat().st_mtime_ns for file in (self.certificate, self.key, self.authority))


class MutualTls:
    """A service's side of mutual TLS. Let a service `repeats(tls.renew, …)`."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._stamp: tuple[int, ...] = ()
        self.generation = 0
        """Counts how often the files were taken over."""
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context in (self.server, self.client):
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.verify_mode = ssl.CERT_REQUIRED
        # A ticket would let in whoever was let in once, whatever became of their certificate.
        self.server.num_tickets = 0
        self._take_over()

    async def renew(self) -> None:
        """Take over files that changed. What cannot be read is logged, and what was read before stays."""
        try:
            if self._files.stamp() != self._stamp:
                self._take_over()
                _log.info("a certificate was renewed", extra={"file": str(self._files.certificate)})
        except (CertificateUnusable, OSError) as error:
            _log.error("a certificate cannot be renewed: the last one stays", extra={"reason": str(error)})

    def pem(self) -> tuple[bytes, bytes, bytes]:
        """Return authority, key and certificate as they are in the files, for gRPC. Raises CertificateUnusable."""
        try:
            return self._files.authority.read_bytes(), self._files.key.read_bytes(), self._files.certificate.read_bytes()
        except OSError as error:
            raise CertificateUnusable(str(error)) from error

    def _take_over(self) -> None:
        try:
            stamp = self._files.stamp()
            for context in (self.server, self.client):
                context.load_cert_chain(self._files.certificate, self._files.key)
                context.load_verify_locations(self._files.authority)
        except (OSError, ssl.SSLError) as error:
            raise CertificateUnusable(f"{self._files.certificate}: {error}") from error
        self._stamp = stamp
        self.generation += 1
