"""`/contexts`: the namespaces of subjects and ids."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, page
from shop_contracts.registry.registry import Registry


class Contexts:
    """Confluent's ContextsResource."""

    def __init__(self, registry: Registry) -> None:
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [("GET", "/contexts", self.contexts)]

    async def contexts(self, request: Request) -> Response:
        return json_answer(request, page(request, self._store.contexts()))
