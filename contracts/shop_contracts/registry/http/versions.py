"""`/subjects/{subject}/versions`: registering, reading and deleting versions."""

from __future__ import annotations

import logging
from typing import Any

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import deletes, errors
from shop_contracts.registry.annotations import merged_rules, with_version, without_rules
from shop_contracts.registry.changes import Registration
from shop_contracts.registry.http.answers import guid_of, json_answer, text_answer, version_object
from shop_contracts.registry.http.requests import (
    Endpoint,
    TagsRequest,
    decode_schema,
    decode_tags,
    flag,
    page,
    read_body,
    subject_in,
    tag_changes,
    version_in,
)
from shop_contracts.registry.model import Version
from shop_contracts.registry.registry import Registry

logger = logging.getLogger(__name__)


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
            ("POST", "/subjects/{subject}/versions/{version}/tags", self.change_tags),
            ("GET", "/subjects/{subject}/versions/{version}/referencedby", self.referenced_by),
        ]

    async def versions(self, request: Request) -> Response:
        subject = subject_in(request, self._store)
        deleted, only, marked = (flag(request, name) for name in ("deleted", "deletedOnly", "deletedAsNegative"))
        if not self._store.has_subject(subject, deleted=deleted or only):
            raise errors.subject_not_found(subject)
        found = self._store.versions(subject, deleted=deleted or only or marked)
        if marked:
            numbers = [-each.version if each.deleted else each.version for each in found]
        else:
            numbers = [each.version for each in found if each.deleted or not only]
        return json_answer(request, page(request, numbers))

    async def version(self, request: Request) -> Response:
        found = self._version(request)
        return json_answer(request, version_object(self._registry, found, request))

    async def text(self, request: Request) -> Response:
        return text_answer(request, self._registry.text(self._version(request), request.query_params.get("format")))

    def _version(self, request: Request) -> Version:
        number, subject = version_in(request), subject_in(request, self._store)
        return self._registry.find_version(subject, number, deleted=flag(request, "deleted"))

    async def referenced_by(self, request: Request) -> Response:
        number, subject = version_in(request), subject_in(request, self._store)
        found = self._registry.find_version(subject, number, deleted=True)
        referrers = self._store.referrers(*found.key, deleted=flag(request, "deleted"))
        return json_answer(request, page(request, sorted({referrer.id for referrer in referrers})))

    async def register(self, request: Request) -> Response:
        subject, body = subject_in(request, self._store), await read_body(request, decode_schema)
        if body.ruleSet is not None:
            body.ruleSet.check()
        return await self._register(
            request,
            Registration(
                subject=subject,
                content=body.content(),
                id=body.id if body.id is not None and body.id >= 0 else None,
                version=body.version,
                normalize=flag(request, "normalize"),
                force=flag(request, "force"),
                tags=body.tags(),
                propagate_tags=bool(body.propagateSchemaTags),
            ),
        )

    async def _register(self, request: Request, registration: Registration) -> Response:
        version = await self._registry.register(registration)
        # Without the schema, as Confluent has it: a client would keep it for all formats, and it sent the schema itself.
        answer = json_answer(request, {"id": version.id, "version": version.version, "guid": guid_of(version)})
        undeclared = self._registry.undeclared_options(version)
        if undeclared:
            logger.warning(
                "registered a schema with custom options that nothing declares",
                extra={"subject": version.subject, "version": version.version, "options": undeclared},
            )
            answer.headers["Warning"] = f'299 - "nothing declares the custom options {_ascii(", ".join(undeclared))}"'
        return answer

    async def change_tags(self, request: Request) -> Response:
        """Register a version with other tags, metadata or rules than the one of the path."""
        body = await read_body(request, decode_tags)
        before = self._version(request)
        content = replace(
            before.content,
            metadata=with_version(body.metadata.plain() if body.metadata else before.content.metadata, body.new_version or 0),
            rule_set=self._rules(body, before.subject),
        )
        tags = tag_changes(body.tags_to_add, body.tags_to_remove)
        registration = Registration(subject=before.subject, content=content, version=body.new_version, tags=tags)
        return await self._register(request, registration)

    def _rules(self, body: TagsRequest, subject: str) -> dict[str, Any] | None:
        """Return the rules to register: those given, or those before with some merged in and some taken out."""
        for given in (body.rule_set, body.rules_to_merge):
            if given is not None:
                given.check()
        if body.rules_to_merge is None and body.rules_to_remove is None:
            return body.rule_set.plain() if body.rule_set is not None else None
        if body.rule_set is not None:
            raise errors.invalid_rule_set("ruleSet should be omitted if specifying rulesToMerge or rulesToRemove")
        number = body.new_version - 1 if body.new_version else None
        before = self._store.latest(subject) if number is None else self._store.version(subject, number)
        merged = merged_rules(
            before.content.rule_set if before is not None else None, body.rules_to_merge.plain() if body.rules_to_merge else None
        )
        return without_rules(merged, body.rules_to_remove or ())

    async def delete(self, request: Request) -> Response:
        number, subject, permanent = version_in(request), subject_in(request, self._store), flag(request, "permanent")
        change = self._registry.change
        return json_answer(request, await change(lambda store: deletes.delete_version(store, subject, number, permanent=permanent)))


def _ascii(text: str) -> str:
    """Return the text as a header may hold it."""
    return text.encode("ascii", errors="replace").decode().replace('"', "'")
