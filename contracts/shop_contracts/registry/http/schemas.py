"""`/schemas`: schemas by id, by GUID, and all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import changes, errors
from shop_contracts.registry.annotations import has_rule_type
from shop_contracts.registry.http.answers import json_answer, schema_object, text_answer, version_object
from shop_contracts.registry.http.requests import Endpoint, context_in, flag, has_prefix, page
from shop_contracts.registry.model import DEFAULT_CONTEXT, Version, context_of, qualified, unqualified
from shop_contracts.registry.registry import Registry


class Schemas:
    """Confluent's SchemasResource."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
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
        aliases = self._store.aliases() if flag(request, "aliases") else {}
        rule_type = request.query_params.get("ruleType")
        found: list[Version] = []
        for subject in self._store.subjects():
            if has_prefix(request, subject) or any(has_prefix(request, alias) for alias in aliases.get(subject, ())):
                versions = self._store.versions(subject, deleted=deleted)
                found += versions[-1:] if latest_only else versions
        if rule_type:
            found = [version for version in found if has_rule_type(version.content.rule_set, rule_type)]
        return json_answer(request, [self._listed(version, aliases, request) for version in page(request, found)])

    def _listed(self, version: Version, aliases: Mapping[str, list[str]], request: Request) -> dict[str, Any]:
        known_as = aliases.get(version.subject)
        return version_object(self._registry, version, request) | ({"aliases": known_as} if known_as else {})

    async def types(self, request: Request) -> Response:
        return json_answer(request, changes.SUPPORTED_TYPES)

    async def by_id(self, request: Request) -> Response:
        version = self._with_id(request)[0]
        answer = schema_object(self._registry, version, request)
        if self._subject_asked_for(request) is not None:
            answer |= {"subject": version.subject, "version": version.version}
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
        """All versions with the id in the context where it is found, whichever subject led there."""
        first, deleted = self._with_id(request)[0], flag(request, "deleted")
        return [v for v in self._store.with_id(context_of(first.subject), first.id) if deleted or not v.deleted]

    def _subject_asked_for(self, request: Request) -> str | None:
        """Return the subject of the query with its context, or a context alone (`:.name:`, or nothing for the default one)."""
        wanted, context = request.query_params.get("subject"), context_in(request)
        if wanted is None and context == DEFAULT_CONTEXT:
            return None
        return self._store.named_by(qualified(context, wanted or ""))

    def _with_id(self, request: Request) -> list[Version]:
        """All versions with the id of the path: those of the subject in the query, in the first context where it has it.

        Without a subject, or where none of its name has the id, those of the context.
        """
        raw = request.path_params["id"]
        if not raw.isdecimal():
            raise errors.RegistryError(404, 404, "HTTP 404 Not Found")
        schema_id, subject = int(raw), self._subject_asked_for(request) or ""
        context = context_of(subject)
        if unqualified(subject):
            for candidate in self._store.namesakes(subject):
                found = [v for v in self._store.with_id(context_of(candidate), schema_id) if v.subject == candidate]
                if found:
                    return found
        if not unqualified(subject) or context == DEFAULT_CONTEXT:
            found = list(self._store.with_id(context, schema_id))
            if found:
                return found
        raise errors.schema_not_found(schema_id)

    async def by_guid(self, request: Request) -> Response:
        version = self._with_guid(request)[0]
        return json_answer(request, schema_object(self._registry, version, request))

    async def ids_of_guid(self, request: Request) -> Response:
        found = sorted({(context_of(version.subject), version.id) for version in self._with_guid(request)})
        return json_answer(request, [{"context": context, "id": schema_id} for context, schema_id in found])

    def _with_guid(self, request: Request) -> list[Version]:
        found = list(self._store.with_guid(unquote(request.path_params["guid"])))
        if not found:
            raise errors.schema_not_found(unquote(request.path_params["guid"]))
        return found
