"""`/mode`: who may write, for the whole registry, a context or a subject."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import errors, settings
from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, asks_what_counts, decode_mode, flag, read_body, scope_of_settings
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
        found = self._store.mode_in_scope(subject) if asks_what_counts(request, subject) else self._store.mode(subject)
        if found is None:
            raise errors.no_subject_mode(subject or "")
        return json_answer(request, {"mode": found})

    async def put(self, request: Request) -> Response:
        subject, body = scope_of_settings(request), await read_body(request, decode_mode)
        force = flag(request, "force")
        mode: Mode | None = await self._registry.change(lambda store: settings.update_mode(store, subject, body.mode, force=force))
        return _answer(request, mode)

    async def delete(self, request: Request) -> Response:
        subject, recursive = scope_of_settings(request), flag(request, "recursive")
        before: Mode | None = await self._registry.change(lambda store: settings.delete_mode(store, subject, recursive=recursive))
        return _answer(request, before)


def _answer(request: Request, mode: Mode | None) -> Response:
    return json_answer(request, {} if mode is None else {"mode": mode})
