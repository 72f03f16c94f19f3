"""A Maven repository on loopback: serves files from memory, knows byte ranges, and fails on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from shop_sandbox.downloads.fetch import ensure_jars
from shop_sandbox.downloads.lock import JarGroup
from shop_sandbox.downloads.repository import Repositories
from shop_sandbox.paths import CachePaths


class MavenRepository:
    """`files` by path below the root. `break_after` bytes of each answer the connection is cut, once a path; `requests` holds
    (path, Range)."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.break_after: int | None = None
        self.statuses: dict[str, list[int]] = {}
        self.ignores_ranges = False
        self.requests: list[tuple[str, str | None]] = []
        self._broken: set[str] = set()
        self.address = ""

    def breaks_now(self, path: str) -> bool:
        if self.break_after is None or path in self._broken:
            return False
        self._broken.add(path)
        return True


@contextmanager
def serving(repository: MavenRepository) -> Iterator[MavenRepository]:
    """Serve on a free port of 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            repository.requests.append((self.path, wanted))
            status = repository.statuses.get(self.path, [])
            if status:
                self._answer(status.pop(0), b"")
                return
            content = repository.files.get(self.path)
            if content is None:
                self._answer(404, b"")
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not repository.ignores_ranges else 0
            self._answer(206 if start else 200, content[start:])

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body and repository.breaks_now(self.path):
                self.wfile.write(body[: repository.break_after])
                self.close_connection = True
                return
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    repository.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield repository
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ensure_from(cache: CachePaths, address: str, local: Path, group: JarGroup) -> None:
    """Have a group of archives from one repository; a function of a module, so that a process of its own can be started with it."""
    ensure_jars(group, cache, {}, lambda _: None, repositories=lambda _: Repositories((address,), local))
