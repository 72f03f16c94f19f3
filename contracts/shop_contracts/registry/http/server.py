"""The process itself: what it is called, which version it has, whether it lives and can work."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint
from shop_contracts.registry.registry import Registry


class Server:
    """Confluent's ServerMetadataResource and RootResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            ("GET", "/v1/metadata/id", self.cluster_id),
            ("GET", "/v1/metadata/version", self.version),
            ("GET", "/", self.root),
        ]

    async def root(self, request: Request) -> Response:
        return json_answer(request, {})

    async def cluster_id(self, request: Request) -> Response:
        clusters = {"kafka-cluster": "", "schema-registry-cluster": "shop-registry"}
        return json_answer(request, {"id": "", "scope": {"path": [], "clusters": clusters}})

    async def version(self, request: Request) -> Response:
        from importlib.metadata import version

        return json_answer(request, {"version": version("shop-dev"), "commitId": ""})


class Health:
    """Answered before the state is read, too."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        """Return the two paths a supervisor probes."""
        return [Route("/health", self.health), Route("/ready", self.ready)]

    async def health(self, _: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        if self._registry.is_ready and self._registry.can_write:
            return Response(b'{"status":"ready"}', media_type="application/json")
        waiting = (
            "Kafka has not let the registry write yet."
            if self._registry.is_ready
            else "The state has not been read from Kafka yet."
        )
        body = msgspec.json.encode({"status": "not-ready", "reason": self._registry.failure or waiting})
        return Response(body, status_code=503, media_type="application/json")
