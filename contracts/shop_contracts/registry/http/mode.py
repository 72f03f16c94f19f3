"""`/mode`: who may write, for the whole registry, a context or a subject."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import changes, errors
from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, decode_object, flag, read_body, scope_of_settings
from shop_contracts.registry.model import Mode
from shop_contracts.registry.registry import Registry


class ModeResource:
    """Confluent's ModeResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            endpoint
            for path in ("/mode", "/mode/{subject}")
            for endpoint in (("GET", path, self.mode), ("PUT", path, self.put), ("DELETE", path, self.delete))
        ]

    async def mode(self, request: Request) -> Response:
        subject = scope_of_settings(request)
        found = self._store.mode(subject)
        if subject is None or flag(request, "defaultToGlobal"):
            found = self._store.mode_in_scope(subject or "")
        if found is None:
            raise errors.no_subject_mode(subject or "")
        return json_answer(request, {"mode": found})

    async def put(self, request: Request) -> Response:
        subject, body = scope_of_settings(request), await read_body(request, decode_object)
        force = flag(request, "force")
        mode: Mode = await self._registry.change(lambda store: changes.update_mode(store, subject, body.get("mode"), force=force))
        return json_answer(request, {"mode": mode})

    async def delete(self, request: Request) -> Response:
        subject = scope_of_settings(request)
        before: Mode = await self._registry.change(lambda store: changes.delete_mode(store, subject))
        return json_answer(request, {"mode": before})
