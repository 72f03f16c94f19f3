"""`/subjects` and `/subjects/{subject}`: what is there, whether a schema is among it, and deleting all of a subject."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import deletes, errors
from shop_contracts.registry.http.answers import json_answer, version_object
from shop_contracts.registry.http.requests import Endpoint, decode_schema, flag, has_prefix, page, read_body, subject_in
from shop_contracts.registry.registry import Registry


class Subjects:
    """Confluent's SubjectsResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            ("GET", "/subjects", self.subjects),
            ("POST", "/subjects/{subject}", self.look_up),
            ("DELETE", "/subjects/{subject}", self.delete),
            ("GET", "/subjects/{subject}/metadata", self.latest_with_metadata),
        ]

    async def subjects(self, request: Request) -> Response:
        deleted, only = flag(request, "deleted"), flag(request, "deletedOnly")
        found = [
            subject
            for subject in self._store.subjects()
            if has_prefix(request, subject) and self._is_listed(subject, deleted=deleted, only_deleted=only)
        ]
        return json_answer(request, page(request, found))

    def _is_listed(self, subject: str, *, deleted: bool, only_deleted: bool) -> bool:
        alive = self._store.has_subject(subject)
        return not alive if only_deleted else alive or deleted

    async def look_up(self, request: Request) -> Response:
        subject, body = subject_in(request, self._store), await read_body(request, decode_schema)
        normalize, deleted = flag(request, "normalize"), flag(request, "deleted")
        await self._registry.compile_ahead(subject, body.content())
        found = self._registry.look_up(subject, body.content(), normalize=normalize, deleted=deleted)
        return json_answer(request, version_object(self._registry, found, request))

    async def delete(self, request: Request) -> Response:
        subject, permanent = subject_in(request, self._store), flag(request, "permanent")
        change = self._registry.change
        return json_answer(request, await change(lambda store: deletes.delete_subject(store, subject, permanent=permanent)))

    async def latest_with_metadata(self, request: Request) -> Response:
        subject, query = subject_in(request, self._store), request.query_params
        wanted = dict(zip(query.getlist("key"), query.getlist("value"), strict=False))
        if not self._store.has_subject(subject, deleted=flag(request, "deleted")):
            raise errors.subject_not_found(subject)
        for version in reversed(self._store.versions(subject, deleted=flag(request, "deleted"))):
            properties = (version.content.metadata or {}).get("properties") or {}
            if wanted.items() <= properties.items():
                return json_answer(request, version_object(self._registry, version, request))
        raise errors.schema_not_found()
