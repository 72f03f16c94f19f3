"""A Kafka cluster behind a proxy: one listener for each of its brokers."""

from __future__ import annotations

from shop_sandbox.chaos.active import Active
from shop_sandbox.chaos.connections import LOOPBACK, StreamProxy
from shop_sandbox.chaos.kafka.brokers import Brokers
from shop_sandbox.chaos.kafka.conversation import KafkaConversation
from shop_sandbox.chaos.link import Link

_ANY_PORT = 0


class KafkaProxy:
    """Listens for a link's caller, and for it again at the address of each further broker that an answer names."""

    def __init__(self, link: Link, active: Active) -> None:
        self._link, self._active = link, active
        self._brokers = Brokers({(LOOPBACK, link.upstream): link.port}, self._listen)
        self._proxies: list[StreamProxy] = []

    async def start(self) -> int:
        """Listen; return the port. Raises OSError."""
        return await self._proxy(self._link.port, LOOPBACK, self._link.upstream).start()

    async def close(self) -> None:
        """Listen no more."""
        for proxy in self._proxies:
            await proxy.close()

    async def _listen(self, host: str, port: int) -> int:
        return await self._proxy(_ANY_PORT, host, port).start()

    def _proxy(self, port: int, host: str, upstream: int) -> StreamProxy:
        self._proxies.append(StreamProxy(self._link, self._active, self._conversation, port=port, upstream=(host, upstream)))
        return self._proxies[-1]

    def _conversation(self) -> KafkaConversation:
        return KafkaConversation(self._link, self._active, self._brokers)
