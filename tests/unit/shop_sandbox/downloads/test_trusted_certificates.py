"""Downloads believe what the machine believes, and a certificate that nobody vouches for is named."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fakes.certificates import write_certificate
from shop_sandbox.downloads.fetch import ensure_jars
from shop_sandbox.downloads.lock import JarGroup, LockedJar
from shop_sandbox.downloads.repository import Repositories
from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.paths import CachePaths

CONTENT = b"an archive"
GROUP = JarGroup("test", (LockedJar("org.example:part:1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)),))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of a company's proxy: no authority of the system has signed it."""
    return write_certificate(tmp_path / "proxy.pem", common_name="Inspecting Proxy")


@pytest.fixture
def address(certificate: Path) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ensure(cache: Path, address: str) -> tuple[Path, ...]:
    repositories = Repositories((address,), cache / "local")
    return ensure_jars(GROUP, CachePaths(cache), {}, lambda _: None, repositories=lambda _: repositories)


def test_a_certificate_that_nobody_vouches_for_is_named_with_what_to_do(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    with pytest.raises(SandboxError, match=r"the certificate of https://127\.0\.0\.1") as refused:
        ensure(tmp_path / "cache", address)

    assert refused.value.code is ErrorCode.DOWNLOAD_FAILED
    assert "trust store" in refused.value.actions[0]
    assert "SSL_CERT_FILE" in refused.value.actions[0]
    assert refused.value.actions[1].startswith(f"`openssl s_client -connect {address.removeprefix('https://')} ")


def test_a_certificate_that_the_user_names_is_believed(
    tmp_path: Path, address: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    (archive,) = ensure(tmp_path / "cache", address)

    assert archive.read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path, address: str) -> None:
    (tmp_path / "cache").write_text("in the way")

    with pytest.raises(SandboxError, match="cannot be used") as refused:
        ensure(tmp_path / "cache", address)

    assert refused.value.code is ErrorCode.FOLDER_UNUSABLE
    assert "SHOP_CACHE_DIR" in refused.value.actions[-1]
