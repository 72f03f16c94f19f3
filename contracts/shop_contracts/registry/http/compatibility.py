"""`/compatibility`: whether a schema gets on with what is registered, without registering it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import changes
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.http.answers import json_answer
from shop_contracts.registry.http.requests import Endpoint, decode_schema, flag, read_body, subject_in, version_in
from shop_contracts.registry.model import Version
from shop_contracts.registry.registry import Registry


class Compatibility:
    """Confluent's CompatibilityResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            ("POST", "/compatibility/subjects/{subject}/versions/{version}", self.check_version),
            ("POST", "/compatibility/subjects/{subject}/versions", self.check_subject),
        ]

    async def check_version(self, request: Request) -> Response:
        number, subject = version_in(request), subject_in(request, self._store)
        return await self._check(request, subject, lambda: changes.versions_to_check(self._store, subject, number))

    async def check_subject(self, request: Request) -> Response:
        subject = subject_in(request, self._store)
        return await self._check(request, subject, lambda: self._store.versions(subject))

    async def _check(self, request: Request, subject: str, earlier: Callable[[], Sequence[Version]]) -> Response:
        verbose, body = flag(request, "verbose"), await read_body(request, decode_schema)
        await self._registry.compile_ahead(subject, body.content())
        compared = earlier()
        try:
            objections = self._registry.objections(subject, body.content(), compared)
        except RegistryError as error:
            if not verbose or error.code != 42201:
                raise
            return json_answer(request, {"is_compatible": False, "messages": [error.message]})
        answer: dict[str, Any] = {"is_compatible": not objections}
        if verbose:
            answer["messages"] = objections
        return json_answer(request, answer)
