"""`/subjects/{subject}/versions`: registering, reading and deleting versions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import deletes, errors
from shop_contracts.registry.changes import Registration
from shop_contracts.registry.http.answers import guid_of, json_answer, text_answer, version_object
from shop_contracts.registry.http.requests import Endpoint, decode_schema, flag, page, read_body, subject_in, version_in
from shop_contracts.registry.model import Version
from shop_contracts.registry.registry import Registry


class Versions:
    """Confluent's SubjectVersionsResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            ("POST", "/subjects/{subject}/versions", self.register),
            ("GET", "/subjects/{subject}/versions", self.versions),
            ("GET", "/subjects/{subject}/versions/{version}", self.version),
            ("DELETE", "/subjects/{subject}/versions/{version}", self.delete),
            ("GET", "/subjects/{subject}/versions/{version}/schema", self.text),
            ("GET", "/subjects/{subject}/versions/{version}/referencedby", self.referenced_by),
        ]

    async def versions(self, request: Request) -> Response:
        subject = subject_in(request)
        deleted, only = flag(request, "deleted"), flag(request, "deletedOnly")
        if not self._store.has_subject(subject, deleted=deleted or only):
            raise errors.subject_not_found(subject)
        found = [v.version for v in self._store.versions(subject, deleted=deleted or only) if v.deleted or not only]
        return json_answer(request, page(request, found))

    async def version(self, request: Request) -> Response:
        found = self._version(request)
        return json_answer(request, version_object(self._registry, found, request.query_params.get("format")))

    async def text(self, request: Request) -> Response:
        return text_answer(request, self._registry.text(self._version(request), request.query_params.get("format")))

    def _version(self, request: Request) -> Version:
        number = version_in(request)
        subject = subject_in(request)
        deleted = flag(request, "deleted")
        if not self._store.has_subject(subject, deleted=deleted):
            raise errors.subject_not_found(subject)
        found = self._store.latest(subject) if number is None else self._store.version(subject, number, deleted=deleted)
        if found is None and number is None:
            found = self._store.latest(subject, deleted=deleted)
        if found is None:
            raise errors.version_not_found(number or -1)
        return found

    async def referenced_by(self, request: Request) -> Response:
        number, subject = version_in(request), subject_in(request)
        if not self._store.has_subject(subject, deleted=True):
            raise errors.subject_not_found(subject)
        found = self._store.latest(subject) if number is None else self._store.version(subject, number, deleted=True)
        if found is None:
            raise errors.version_not_found(number or -1)
        referrers = self._store.referrers(subject, found.version, deleted=flag(request, "deleted"))
        return json_answer(request, page(request, sorted({referrer.id for referrer in referrers})))

    async def register(self, request: Request) -> Response:
        subject, body = subject_in(request), await read_body(request, decode_schema)
        if body.ruleSet is not None:
            body.ruleSet.check()
        version = await self._registry.register(
            Registration(
                subject=subject,
                content=body.content(),
                id=body.id if body.id is not None and body.id >= 0 else None,
                version=body.version,
                normalize=flag(request, "normalize"),
                force=flag(request, "force"),
            )
        )
        # Without the schema, as Confluent has it: a client would keep it for all formats, and it sent the schema itself.
        return json_answer(request, {"id": version.id, "version": version.version, "guid": guid_of(version)})

    async def delete(self, request: Request) -> Response:
        number, subject, permanent = version_in(request), subject_in(request), flag(request, "permanent")
        change = self._registry.change
        return json_answer(request, await change(lambda store: deletes.delete_version(store, subject, number, permanent=permanent)))
