"""A Docker daemon that knows what registries say of images, and nothing else: over HTTP, as Docker's own client asks it.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Distribution
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


def digest_of(image: str) -> str:
    """Return what the registry calls an image."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


@contextmanager
def registries(unknown: Collection[str] = ()) -> Iterator[str]:
    """Give the address of a daemon whose registries have every image but those that are `unknown`."""

    class Daemon(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer what the client asks at its start, and what an image is called."""
            path = unquote(self.path).split("?")[0]
            if "/distribution/" in path:
                image = path.partition("/distribution/")[2].removesuffix("/json")
                found = image not in unknown
                self._answer(
                    200 if found else 404,
                    {"Descriptor": {"digest": digest_of(image)}} if found else {"message": "manifest unknown"},
                )
            else:
                self._answer(200, {"ApiVersion": "1.41"})

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def _answer(self, status: int, body: object) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Daemon)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
