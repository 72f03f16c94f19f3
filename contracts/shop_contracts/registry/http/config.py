"""`/config`: what is demanded of new versions, for the whole registry, a context or a subject."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import errors, settings
from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, asks_what_counts, decode_config, read_body, scope_of_settings
from shop_contracts.registry.model import Settings
from shop_contracts.registry.registry import Registry


class Config:
    """Confluent's ConfigResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            endpoint
            for path in ("/config", "/config/{subject}")
            for endpoint in (("GET", path, self.config), ("PUT", path, self.put), ("DELETE", path, self.delete))
        ]

    async def config(self, request: Request) -> Response:
        subject = scope_of_settings(request)
        found = self._store.config_in_scope(subject) if asks_what_counts(request, subject) else self._store.config(subject)
        if found is None:
            raise errors.no_subject_level(subject or "")
        return json_answer(request, found.with_level().fields)

    async def put(self, request: Request) -> Response:
        subject, body = scope_of_settings(request), await read_body(request, decode_config)
        return json_answer(request, await self._registry.change(lambda store: settings.update_config(store, subject, body)))

    async def delete(self, request: Request) -> Response:
        subject = scope_of_settings(request)
        before: Settings = await self._registry.change(lambda store: settings.delete_config(store, subject))
        return json_answer(request, before.fields)
