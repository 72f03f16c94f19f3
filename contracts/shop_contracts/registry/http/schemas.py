"""`/schemas`: schemas by id, by GUID, and all of them."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import changes, errors
from shop_contracts.registry.http.answers import json_answer, schema_object, text_answer, version_object
from shop_contracts.registry.http.requests import Endpoint, context_in, flag, has_prefix, page
from shop_contracts.registry.model import Version, context_of, qualified
from shop_contracts.registry.registry import Registry


class Schemas:
    """Confluent's SchemasResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here; the first is what serialisers ask for most."""
        return [
            ("GET", "/schemas/ids/{id}", self.by_id),
            ("GET", "/schemas/ids/{id}/schema", self.text_by_id),
            ("GET", "/schemas/ids/{id}/subjects", self.subjects_of_id),
            ("GET", "/schemas/ids/{id}/versions", self.versions_of_id),
            ("GET", "/schemas/guids/{guid}", self.by_guid),
            ("GET", "/schemas/guids/{guid}/ids", self.ids_of_guid),
            ("GET", "/schemas", self.schemas),
            ("GET", "/schemas/types", self.types),
        ]

    async def schemas(self, request: Request) -> Response:
        deleted, latest_only = flag(request, "deleted"), flag(request, "latestOnly")
        found: list[Version] = []
        for subject in self._store.subjects():
            if has_prefix(request, subject):
                versions = self._store.versions(subject, deleted=deleted)
                found += versions[-1:] if latest_only else versions
        form = request.query_params.get("format")
        return json_answer(request, [version_object(self._registry, version, form) for version in page(request, found)])

    async def types(self, request: Request) -> Response:
        return json_answer(request, changes.SUPPORTED_TYPES)

    async def by_id(self, request: Request) -> Response:
        version = self._with_id(request)[0]
        answer = schema_object(self._registry, version, request.query_params.get("format"))
        if flag(request, "fetchMaxId"):
            answer["maxId"] = self._store.max_ids.get(context_of(version.subject), version.id)
        return json_answer(request, answer)

    async def text_by_id(self, request: Request) -> Response:
        return text_answer(request, self._registry.text(self._with_id(request)[0], request.query_params.get("format")))

    async def subjects_of_id(self, request: Request) -> Response:
        found = sorted({version.subject for version in self._seen_with_id(request)})
        return json_answer(request, page(request, found))

    async def versions_of_id(self, request: Request) -> Response:
        found = [{"subject": version.subject, "version": version.version} for version in self._seen_with_id(request)]
        return json_answer(request, page(request, found))

    def _seen_with_id(self, request: Request) -> list[Version]:
        deleted, wanted = flag(request, "deleted"), request.query_params.get("subject")
        subject = qualified(context_in(request), wanted) if wanted and not _is_context(wanted) else None
        return [v for v in self._with_id(request) if (deleted or not v.deleted) and subject in {None, v.subject}]

    def _with_id(self, request: Request) -> list[Version]:
        """All versions with the id of the path. With a subject in the query its context counts, else all of them, in order."""
        raw = request.path_params["id"]
        if not raw.isdecimal():
            raise errors.RegistryError(404, 404, "HTTP 404 Not Found")
        schema_id = int(raw)
        wanted = request.query_params.get("subject")
        context = context_of(wanted) if wanted and wanted.startswith(":.") else context_in(request)
        found = list(self._store.with_id(context, schema_id))
        if not found:
            raise errors.schema_not_found(schema_id)
        return found

    async def by_guid(self, request: Request) -> Response:
        version = self._with_guid(request)[0]
        return json_answer(request, schema_object(self._registry, version, request.query_params.get("format")))

    async def ids_of_guid(self, request: Request) -> Response:
        found = sorted({(context_of(version.subject), version.id) for version in self._with_guid(request)})
        return json_answer(request, [{"context": context, "id": schema_id} for context, schema_id in found])

    def _with_guid(self, request: Request) -> list[Version]:
        found = list(self._store.with_guid(unquote(request.path_params["guid"])))
        if not found:
            raise errors.schema_not_found(unquote(request.path_params["guid"]))
        return found


def _is_context(subject: str) -> bool:
    """Return a qualifier without a subject, as in `:.name:`."""
    return subject.startswith(":.") and subject.endswith(":")
