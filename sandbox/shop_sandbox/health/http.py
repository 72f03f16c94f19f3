"""Is an HTTP server ready: one request, one status."""

from __future__ import annotations

import http.client
import ssl

from shop_sandbox.health.not_ready import NotReady

_SECONDS = 1.5
_SHOWN_CHARACTERS = 200


def expect_ok(
    port: int,
    path: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    content_type: str | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Return if the server on 127.0.0.1 answers 200, else raise NotReady with what it says."""
    status, text = ask(port, path, method=method, body=body, content_type=content_type, tls=tls)
    if status != 200:
        raise NotReady(f"{method} {path} answers {status}: {text[:_SHOWN_CHARACTERS]}".rstrip(": "))


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    content_type: str | None = None,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> tuple[int, str]:
    """Give status and text of an answer, over https with `tls`. Raises NotReady where there is none."""
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=tls)
        if tls
        else http.client.HTTPConnection(host, port, timeout=_SECONDS)
    )
    try:
        connection.request(method, path, body or None, {"Content-Type": content_type} if content_type else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        raise NotReady(f"{method} {path} on port {port}: {reason}") from error
    finally:
        connection.close()
