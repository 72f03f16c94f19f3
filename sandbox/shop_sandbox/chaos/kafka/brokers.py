"""Where a client reaches each broker: through a listener of the proxy, be the broker one that nobody has named before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

LOOPBACK = "127.0.0.1"

Listen = Callable[[str, int], Awaitable[int]]
"""Opens a listener that hands on to a broker, and gives its port."""


class Brokers:
    """The listeners of one link, by the address that a broker tells."""

    def __init__(self, known: Mapping[tuple[str, int], int], listen: Listen) -> None:
        self._ports = dict(known)
        self._listen = listen
        self._opening = asyncio.Lock()

    async def reached(self, host: str, port: int) -> tuple[str, int]:
        """Return host and port of the listener for a broker; opens one for a new broker. Raises OSError."""
        async with self._opening:
            if (host, port) not in self._ports:
                self._ports[host, port] = await self._listen(host, port)
        return LOOPBACK, self._ports[host, port]
