"""`/contexts`: the namespaces of subjects and ids."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import deletes
from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, context_name, page
from shop_contracts.registry.registry import Registry


class Contexts:
    """Confluent's ContextsResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [("GET", "/contexts", self.contexts), ("DELETE", "/contexts/{context}", self.delete)]

    async def contexts(self, request: Request) -> Response:
        prefix = request.query_params.get("contextPrefix", "")
        return json_answer(request, page(request, [each for each in self._store.contexts() if each.startswith(prefix)]))

    async def delete(self, request: Request) -> Response:
        context = context_name(unquote(request.path_params["context"]))
        await self._registry.change(lambda store: deletes.delete_context(store, context))
        return Response(status_code=204)
