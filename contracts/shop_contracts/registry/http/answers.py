"""What answers hold: schemas and versions in the API's words, in the media type that was asked for."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry.model import SchemaType, Version
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


def schema_object(registry: Registry, version: Version, form: str | None) -> dict[str, Any]:
    """Return a schema as it is answered by id."""
    content = version.content
    answer: dict[str, Any] = {"guid": guid_of(version), "schema": registry.text(version, form)}
    if content.schema_type is not SchemaType.AVRO:
        answer["schemaType"] = content.schema_type
    if content.references:
        answer["references"] = content.references
    if content.metadata is not None:
        answer["metadata"] = content.metadata
    if content.rule_set is not None:
        answer["ruleSet"] = content.rule_set
    return answer


def version_object(registry: Registry, version: Version, form: str | None) -> dict[str, Any]:
    """Return a schema as it is answered by subject and version."""
    schema = schema_object(registry, version, form)
    answer = {"subject": version.subject, "version": version.version, "id": version.id, **schema}
    if version.deleted:
        answer["deleted"] = True
    return answer
