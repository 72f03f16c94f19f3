"""The registry served over HTTP in this process, on a log in memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fakes.schema_log import FakeLog, SharedTopic
from shop_contracts.registry.http import application
from shop_contracts.registry.registry import Registry
from starlette.types import ASGIApp


@contextmanager
def served_registry(
    topic: SharedTopic | None = None,
    *,
    behind: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    certificate: Path | None = None,
) -> Iterator[str]:
    """Serve on a free loopback port, `behind` what changes requests and answers, with a certificate over TLS; gives the URL."""
    app = behind(application(Registry(FakeLog(topic or SharedTopic()))))
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False, ssl_certfile=certificate
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
