"""What answers hold: schemas and versions in the API's words, in the media type that was asked for."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry.model import Reference, SchemaType, Version, context_of, qualified
from shop_contracts.registry.registry import Registry

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_encode = msgspec.json.Encoder().encode


def json_answer(request: Request, answer: Any) -> Response:
    """Return the answer as JSON."""
    return Response(_encode(answer), media_type=_media_type(request))


def text_answer(request: Request, text: str) -> Response:
    """Return a schema by itself, as it is."""
    return Response(text, media_type=_media_type(request))


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted and "schemaregistry" not in accepted:
        return "application/json"
    return MEDIA_TYPE


def guid_of(version: Version) -> str:
    """Return the same for the same schema everywhere: it is made of what the schema is identical with."""
    return str(uuid.UUID(version.identity.canonical))


def schema_object(registry: Registry, version: Version, request: Request) -> dict[str, Any]:
    """Return a schema as it is answered by id, in the form the request asks for."""
    content = version.content
    answer: dict[str, Any] = {"guid": guid_of(version), "schema": registry.text(version, request.query_params.get("format"))}
    if content.schema_type is not SchemaType.AVRO:
        answer["schemaType"] = content.schema_type
    if content.references:
        answer["references"] = _references(version, request)
    if content.metadata is not None:
        answer["metadata"] = content.metadata
    if content.rule_set is not None:
        answer["ruleSet"] = content.rule_set
    wanted = request.query_params.getlist("findTags")
    if wanted:
        answer["schemaTags"] = [
            {"schemaEntity": {"entityPath": entity.path, "entityType": entity.type}, "tags": tags}
            for entity, tags in registry.tags(version).items()
            if "*" in wanted or not set(wanted).isdisjoint(tags)
        ]
    return answer


def _references(version: Version, request: Request) -> tuple[Reference, ...]:
    references = version.content.references
    if request.query_params.get("referenceFormat") != "qualified":
        return references
    context = context_of(version.subject)
    return tuple(Reference(each.name, qualified(context, each.subject), each.version) for each in references)


def version_object(registry: Registry, version: Version, request: Request) -> dict[str, Any]:
    """Return a schema as it is answered by subject and version."""
    named = {"subject": version.subject, "version": version.version, "id": version.id}
    answer = {**named, **schema_object(registry, version, request)}
    if version.deleted:
        answer["deleted"] = True
    return answer
