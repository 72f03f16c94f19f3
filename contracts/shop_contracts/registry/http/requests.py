"""What requests say: paths, queries and bodies, read and checked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, TypeVar
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import errors
from shop_contracts.registry.annotations import Metadata, RuleSet
from shop_contracts.registry.model import (
    DEFAULT_CONTEXT,
    GLOBAL_CONTEXT,
    Content,
    Reference,
    SchemaType,
    context_of,
    qualified,
    unqualified,
)
from shop_contracts.registry.settings import ConfigRequest
from shop_contracts.registry.store import Store
from shop_contracts.registry.tags import Entity, EntityType, TagChanges

MAX_BODY_BYTES = 12 * 1024 * 1024
"""A little over the largest source the compiler takes."""
_MEDIA_TYPES = {
    "application/vnd.schemaregistry.v1+json",
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
}
_Int = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]+")
_RESERVED_SUBJECTS = {"__GLOBAL", "__EMPTY"}
_T = TypeVar("_T")
Handler = Callable[[Request], Awaitable[Response]]
Endpoint = tuple[str, str, Handler]
"""Method, path and who answers; parameters are those of Confluent's API Reference."""


class SchemaEntity(msgspec.Struct, frozen=True, rename="camel"):
    """What carries tags: a record or a field."""

    entity_path: str
    entity_type: EntityType


class SchemaTags(msgspec.Struct, frozen=True, rename="camel"):
    """Tags of one record or field."""

    schema_entity: SchemaEntity
    tags: list[str] = []

    @property
    def entity(self) -> Entity:
        """The record or field."""
        return Entity(self.schema_entity.entity_path.removeprefix("."), self.schema_entity.entity_type)


def tag_changes(added: Iterable[SchemaTags] | None, removed: Iterable[SchemaTags] | None) -> TagChanges | None:
    """Return the changes, or None where there are none."""
    if not added and not removed:
        return None
    return TagChanges({each.entity: each.tags for each in added or ()}, {each.entity: each.tags for each in removed or ()})


class TagsRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body that changes the tags, metadata and rules of a version."""

    new_version: _Int | None = None
    tags_to_add: list[SchemaTags] | None = None
    tags_to_remove: list[SchemaTags] | None = None
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    rules_to_merge: RuleSet | None = None
    rules_to_remove: list[str] | None = None


class SchemaRequest(msgspec.Struct, frozen=True):
    """The body of a registration, a lookup and a check."""

    schema: str | None = None
    schemaType: str | None = None  # noqa: N815 - the API's own name
    references: tuple[Reference, ...] | None = None
    metadata: Metadata | None = None
    ruleSet: RuleSet | None = None  # noqa: N815 - the API's own name
    id: _Int | None = None
    version: _Int | None = None
    schemaTagsToAdd: list[SchemaTags] | None = None  # noqa: N815 - the API's own name
    schemaTagsToRemove: list[SchemaTags] | None = None  # noqa: N815 - the API's own name
    propagateSchemaTags: bool | None = None  # noqa: N815 - the API's own name

    def tags(self) -> TagChanges | None:
        """Return the changes of tags in it, or None."""
        return tag_changes(self.schemaTagsToAdd, self.schemaTagsToRemove)

    def content(self) -> Content:
        """Return the schema in it, whose text may be missing. Raises RegistryError 42201."""
        try:
            schema_type = SchemaType(self.schemaType or SchemaType.AVRO)
        except ValueError:
            raise errors.invalid_schema(f"Invalid schema type {self.schemaType}") from None
        return Content(
            schema=self.schema or "",
            schema_type=schema_type,
            references=self.references or (),
            metadata=self.metadata.plain() if self.metadata is not None else None,
            rule_set=self.ruleSet.plain() if self.ruleSet is not None else None,
        )


class ModeRequest(msgspec.Struct, frozen=True):
    """The body that sets a mode; null takes it back."""

    mode: str | None


decode_schema = msgspec.json.Decoder(SchemaRequest).decode
decode_tags = msgspec.json.Decoder(TagsRequest).decode
decode_config = msgspec.json.Decoder(ConfigRequest).decode
decode_mode = msgspec.json.Decoder(ModeRequest).decode


async def read_body(request: Request, decode: Callable[[bytes], _T]) -> _T:
    """Return the body, read up to its limit. Raises RegistryError 400, 413, 415."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type and media_type not in _MEDIA_TYPES:
        raise errors.unsupported_media_type(media_type)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise errors.RegistryError(413, 413, f"The body has more than {MAX_BODY_BYTES:,} bytes.")
        chunks.append(chunk)
    try:
        return decode(b"".join(chunks))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.malformed(f"The body is not what this request takes: {error}") from error
    except RecursionError as error:
        raise errors.malformed("The body is nested too deep.") from error


def context_in(request: Request) -> str:
    """Return the context the path is under."""
    context: str = request.scope["registry.context"]
    return context


def subject_in(request: Request, store: Store) -> str:
    """Return the subject of the path, or the one it is an alias of, with its context. Raises RegistryError 42208."""
    subject = _named(request)
    if context_of(subject) == GLOBAL_CONTEXT:
        raise errors.invalid_subject(subject)
    return store.named_by(subject)


def _named(request: Request) -> str:
    name = unquote(request.path_params["subject"])
    if not _SUBJECT.fullmatch(name) or unqualified(name) in _RESERVED_SUBJECTS:
        raise errors.invalid_subject(name)
    return qualified(context_in(request), name)


def scope_of_settings(request: Request) -> str | None:
    """Return the subject a config or mode is for; None for the whole registry, `:.name:` for a context."""
    if "subject" in request.path_params:
        return _named(request) or None
    context = context_in(request)
    return None if context == DEFAULT_CONTEXT else f":{context}:"


def asks_what_counts(request: Request, subject: str | None) -> bool:
    """Return whether a config or mode is asked for as it counts for its scope, and not only as it was set there."""
    return subject in {None, f":{GLOBAL_CONTEXT}:"} or flag(request, "defaultToGlobal")


def context_name(given: str) -> str:
    """Return a context's name, which may be written with colons around it and without the dot before it."""
    name = given.strip(":")
    return name if name.startswith(".") else f".{name}"


def version_in(request: Request) -> int | None:
    """Return the version of the path; None is the latest. Raises RegistryError 42202."""
    raw = unquote(request.path_params["version"])
    if raw in {"latest", "-1"}:
        return None
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw[:12]) <= 2**31 - 1:
        raise errors.invalid_version(raw)
    return int(raw)


def flag(request: Request, name: str) -> bool:
    """Return whether a parameter of the query is `true`."""
    return request.query_params.get(name, "").lower() == "true"


def page(request: Request, items: Sequence[_T]) -> Sequence[_T]:
    """Return the part of a listing between `offset` and `limit` more; a negative limit is none."""
    try:
        offset, limit = (int(request.query_params.get(name, default)) for name, default in (("offset", "0"), ("limit", "-1")))
    except ValueError:
        raise errors.RegistryError(404, 404, "HTTP 404 Not Found: offset and limit are numbers") from None
    start = max(0, offset)
    return items[start:] if limit < 0 else items[start : start + limit]


def has_prefix(request: Request, subject: str) -> bool:
    """Return whether a listing asks for the subject. `:*:` stands for all contexts, and is the default outside `/contexts/NAME`."""
    context = context_in(request)
    prefix = request.query_params.get("subjectPrefix", ":*:" if context == DEFAULT_CONTEXT else "")
    if prefix.startswith(":*:"):
        return subject.startswith(prefix.removeprefix(":*:")) if len(prefix) > 3 else True
    prefix = qualified(context, prefix)
    if prefix.startswith(":."):
        return subject.startswith(prefix)
    return context_of(subject) == DEFAULT_CONTEXT and subject.startswith(prefix)
