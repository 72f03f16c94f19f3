"""The registry's REST API, as Confluent documents it for v1."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_contracts.registry import changes, errors
from shop_contracts.registry.changes import Registration
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.model import (
    DEFAULT_CONTEXT,
    Content,
    Mode,
    Reference,
    SchemaType,
    Settings,
    Version,
    context_of,
    qualified,
)
from shop_contracts.registry.registry import Registry

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
MAX_BODY_BYTES = 12 * 1024 * 1024
"""A little over the largest source the compiler takes."""
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f]+")
_RESERVED_SUBJECTS = {"__GLOBAL", "__EMPTY"}
_encode = msgspec.json.Encoder().encode
_T = TypeVar("_T")
Handler = Callable[[Request], Awaitable[Response]]


class SchemaRequest(msgspec.Struct, frozen=True):
    """The body of a registration, a lookup and a check."""

    schema: str | None = None
    schemaType: str | None = None  # noqa: N815 - the API's own name
    references: tuple[Reference, ...] | None = None
    metadata: dict[str, Any] | None = None
    ruleSet: dict[str, Any] | None = None  # noqa: N815 - the API's own name
    id: int | None = None
    version: int | None = None

    def content(self) -> Content:
        """Return the schema in it. Raises RegistryError 42201."""
        if not self.schema:
            raise errors.invalid_schema("Empty schema")
        try:
            schema_type = SchemaType(self.schemaType or SchemaType.AVRO)
        except ValueError:
            raise errors.invalid_schema(f"Invalid schema type {self.schemaType}") from None
        return Content(
            schema=self.schema,
            schema_type=schema_type,
            references=self.references or (),
            metadata=self.metadata,
            rule_set=self.ruleSet,
        )


_decode_schema = msgspec.json.Decoder(SchemaRequest).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


def application(registry: Registry) -> ASGIApp:
    """Return the registry as an ASGI application; it starts to read when the server starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await registry.start()
        yield
        await registry.close()

    endpoints = _Endpoints(registry)
    app = Starlette(
        routes=endpoints.routes(),
        lifespan=lifespan,
        exception_handlers={RegistryError: _refused, HTTPException: _not_served, Exception: _failed},
    )
    return _EncodedPaths(app)


class _EncodedPaths:
    """Routes by the path as it was sent, since subjects hold encoded slashes, and takes `/contexts/NAME` off its front."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["raw_path"].decode("ascii", errors="replace").partition("?")[0]
            context = DEFAULT_CONTEXT
            if path.startswith("/contexts/"):
                name, slash, rest = path.removeprefix("/contexts/").partition("/")
                if slash and rest:
                    context, path = _context_name(unquote(name)), f"/{rest}"
            stripped = path.rstrip("/") or "/"
            scope = {**scope, "path": stripped, "root_path": "", "registry.context": context}
        await self._app(scope, receive, send)


def _context_name(given: str) -> str:
    name = given.strip(":")
    return name if name.startswith(".") else f".{name}"


async def _refused(_: Request, error: Exception) -> Response:
    refused = error if isinstance(error, RegistryError) else errors.store_failed(str(error))
    return _error(refused.status, refused.code, refused.message)


async def _not_served(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _error(status, status, f"HTTP {status} {error.detail if isinstance(error, HTTPException) else error}", headers)


async def _failed(_: Request, error: Exception) -> Response:
    """Return the answer to a fault of ours, which the server logs with its traceback."""
    return _error(500, 500, f"HTTP 500 Internal Server Error: {type(error).__name__}")


def _error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = _encode({"error_code": code, "message": message})
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


class _Endpoints:
    """One method an endpoint; parameters are those of the API Reference."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/schemas/ids/{id}", self.schema_by_id),
            ("POST", "/subjects/{subject}", self.look_up),
            ("POST", "/subjects/{subject}/versions", self.register),
            ("GET", "/subjects/{subject}/versions/{version}", self.version),
            ("GET", "/subjects/{subject}/versions", self.versions),
            ("GET", "/subjects", self.subjects),
            ("GET", "/subjects/{subject}/versions/{version}/schema", self.version_text),
            ("GET", "/subjects/{subject}/versions/{version}/referencedby", self.referenced_by),
            ("GET", "/subjects/{subject}/metadata", self.latest_with_metadata),
            ("DELETE", "/subjects/{subject}/versions/{version}", self.delete_version),
            ("DELETE", "/subjects/{subject}", self.delete_subject),
            ("GET", "/schemas", self.schemas),
            ("GET", "/schemas/types", self.types),
            ("GET", "/schemas/ids/{id}/schema", self.text_by_id),
            ("GET", "/schemas/ids/{id}/subjects", self.subjects_of_id),
            ("GET", "/schemas/ids/{id}/versions", self.versions_of_id),
            ("GET", "/schemas/guids/{guid}", self.schema_by_guid),
            ("GET", "/schemas/guids/{guid}/ids", self.ids_of_guid),
            ("POST", "/compatibility/subjects/{subject}/versions/{version}", self.check_version),
            ("POST", "/compatibility/subjects/{subject}/versions", self.check_subject),
            ("GET", "/config", self.config),
            ("PUT", "/config", self.put_config),
            ("DELETE", "/config", self.delete_config),
            ("GET", "/config/{subject}", self.config),
            ("PUT", "/config/{subject}", self.put_config),
            ("DELETE", "/config/{subject}", self.delete_config),
            ("GET", "/mode", self.mode),
            ("PUT", "/mode", self.put_mode),
            ("DELETE", "/mode", self.delete_mode),
            ("GET", "/mode/{subject}", self.mode),
            ("PUT", "/mode/{subject}", self.put_mode),
            ("DELETE", "/mode/{subject}", self.delete_mode),
            ("GET", "/contexts", self.contexts),
            ("GET", "/v1/metadata/id", self.cluster_id),
            ("GET", "/v1/metadata/version", self.server_version),
            ("GET", "/", self.root),
        ]
        by_path: dict[str, dict[str, Handler]] = {}
        for method, path, handler in table:
            by_path.setdefault(path, {})[method] = handler
        served = [Route(path, self._loaded(methods), methods=list(methods)) for path, methods in by_path.items()]
        return [*served, Route("/health", self.health), Route("/ready", self.ready)]

    def _loaded(self, methods: dict[str, Handler]) -> Handler:
        """Answer only from the whole state: before it is read, a schema that is registered would look unknown."""

        async def answer(request: Request) -> Response:
            if not self._registry.is_ready:
                raise errors.not_loaded()
            return await methods["GET" if request.method == "HEAD" else request.method](request)

        return answer

    # -- health

    async def health(self, _: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def ready(self, _: Request) -> Response:
        if self._registry.is_ready and self._registry.can_write:
            return Response(b'{"status":"ready"}', media_type="application/json")
        waiting = (
            "Kafka has not let the registry write yet."
            if self._registry.is_ready
            else "The state has not been read from Kafka yet."
        )
        reason = self._registry.failure or waiting
        return Response(_encode({"status": "not-ready", "reason": reason}), status_code=503, media_type="application/json")

    async def root(self, request: Request) -> Response:
        return _json(request, {})

    async def cluster_id(self, request: Request) -> Response:
        clusters = {"kafka-cluster": "", "schema-registry-cluster": "shop-registry"}
        return _json(request, {"id": "", "scope": {"path": [], "clusters": clusters}})

    async def server_version(self, request: Request) -> Response:
        from importlib.metadata import version

        return _json(request, {"version": version("shop-dev"), "commitId": ""})

    # -- subjects

    async def subjects(self, request: Request) -> Response:
        deleted, only = _flag(request, "deleted"), _flag(request, "deletedOnly")
        found = [
            subject
            for subject in self._store.subjects()
            if _has_prefix(request, subject) and self._is_listed(subject, deleted=deleted, only_deleted=only)
        ]
        return _json(request, _page(request, found))

    def _is_listed(self, subject: str, *, deleted: bool, only_deleted: bool) -> bool:
        alive = self._store.has_subject(subject)
        return not alive if only_deleted else alive or deleted

    async def versions(self, request: Request) -> Response:
        subject = _subject(request)
        deleted, only = _flag(request, "deleted"), _flag(request, "deletedOnly")
        if not self._store.has_subject(subject, deleted=deleted or only):
            raise errors.subject_not_found(subject)
        found = [v.version for v in self._store.versions(subject, deleted=deleted or only) if v.deleted or not only]
        return _json(request, _page(request, found))

    async def version(self, request: Request) -> Response:
        found = self._version(request)
        return _json(request, self._entity(found, request.query_params.get("format")))

    async def version_text(self, request: Request) -> Response:
        return _text(request, self._registry.text(self._version(request), request.query_params.get("format")))

    def _version(self, request: Request) -> Version:
        number = _number(request)
        subject = _subject(request)
        deleted = _flag(request, "deleted")
        if not self._store.has_subject(subject, deleted=deleted):
            raise errors.subject_not_found(subject)
        found = self._store.latest(subject) if number is None else self._store.version(subject, number, deleted=deleted)
        if found is None and number is None:
            found = self._store.latest(subject, deleted=deleted)
        if found is None:
            raise errors.version_not_found(number or -1)
        return found

    async def referenced_by(self, request: Request) -> Response:
        number, subject = _number(request), _subject(request)
        if not self._store.has_subject(subject, deleted=True):
            raise errors.subject_not_found(subject)
        found = self._store.latest(subject) if number is None else self._store.version(subject, number, deleted=True)
        if found is None:
            raise errors.version_not_found(number or -1)
        referrers = self._store.referrers(subject, found.version, deleted=_flag(request, "deleted"))
        return _json(request, _page(request, sorted({referrer.id for referrer in referrers})))

    async def latest_with_metadata(self, request: Request) -> Response:
        subject, query = _subject(request), _query(request)
        wanted = dict(zip(query.get("key", []), query.get("value", []), strict=False))
        if not self._store.has_subject(subject, deleted=_flag(request, "deleted")):
            raise errors.subject_not_found(subject)
        for version in reversed(self._store.versions(subject, deleted=_flag(request, "deleted"))):
            properties = (version.content.metadata or {}).get("properties") or {}
            if wanted.items() <= properties.items():
                return _json(request, self._entity(version, request.query_params.get("format")))
        raise errors.schema_not_found()

    async def register(self, request: Request) -> Response:
        subject, body = _subject(request), await _body(request, _decode_schema)
        if not body.schema and body.id is not None:
            raise errors.invalid_schema("Empty schema")
        version = await self._registry.register(
            Registration(
                subject=subject,
                content=body.content(),
                id=body.id if body.id is not None and body.id >= 0 else None,
                version=body.version,
                normalize=_flag(request, "normalize"),
                force=_flag(request, "force"),
            )
        )
        # Without the schema, as Confluent has it: a client would keep it for all formats, and it sent the schema itself.
        return _json(request, {"id": version.id, "version": version.version, "guid": _guid(version)})

    async def look_up(self, request: Request) -> Response:
        subject, body = _subject(request), await _body(request, _decode_schema)
        normalize, deleted = _flag(request, "normalize"), _flag(request, "deleted")
        found = self._registry.look_up(subject, body.content(), normalize=normalize, deleted=deleted)
        return _json(request, self._entity(found, request.query_params.get("format")))

    async def delete_version(self, request: Request) -> Response:
        number, subject, permanent = _number(request), _subject(request), _flag(request, "permanent")
        change = self._registry.change
        return _json(request, await change(lambda store: changes.delete_version(store, subject, number, permanent=permanent)))

    async def delete_subject(self, request: Request) -> Response:
        subject, permanent = _subject(request), _flag(request, "permanent")
        change = self._registry.change
        return _json(request, await change(lambda store: changes.delete_subject(store, subject, permanent=permanent)))

    # -- schemas

    async def schemas(self, request: Request) -> Response:
        deleted, latest_only = _flag(request, "deleted"), _flag(request, "latestOnly")
        found: list[Version] = []
        for subject in self._store.subjects():
            if _has_prefix(request, subject):
                versions = self._store.versions(subject, deleted=deleted)
                found += versions[-1:] if latest_only else versions
        form = request.query_params.get("format")
        return _json(request, [self._entity(version, form) for version in _page(request, found)])

    async def types(self, request: Request) -> Response:
        return _json(request, changes.SUPPORTED_TYPES)

    async def schema_by_id(self, request: Request) -> Response:
        version = self._with_id(request)[0]
        answer = self._schema(version, request.query_params.get("format"))
        if _flag(request, "fetchMaxId"):
            answer["maxId"] = self._store.max_ids.get(context_of(version.subject), version.id)
        return _json(request, answer)

    async def text_by_id(self, request: Request) -> Response:
        return _text(request, self._registry.text(self._with_id(request)[0], request.query_params.get("format")))

    async def subjects_of_id(self, request: Request) -> Response:
        found = sorted({version.subject for version in self._seen_with_id(request)})
        return _json(request, _page(request, found))

    async def versions_of_id(self, request: Request) -> Response:
        found = [{"subject": version.subject, "version": version.version} for version in self._seen_with_id(request)]
        return _json(request, _page(request, found))

    def _seen_with_id(self, request: Request) -> list[Version]:
        deleted, wanted = _flag(request, "deleted"), request.query_params.get("subject")
        subject = qualified(_context(request), wanted) if wanted and not _is_context(wanted) else None
        return [v for v in self._with_id(request) if (deleted or not v.deleted) and subject in {None, v.subject}]

    def _with_id(self, request: Request) -> list[Version]:
        """All versions with the id of the path. With a subject in the query its context counts, else all of them, in order."""
        raw = request.path_params["id"]
        if not raw.isdecimal():
            raise errors.RegistryError(404, 404, "HTTP 404 Not Found")
        schema_id = int(raw)
        wanted = request.query_params.get("subject")
        context = context_of(wanted) if wanted and wanted.startswith(":.") else _context(request)
        found = list(self._store.with_id(context, schema_id))
        if not found:
            raise errors.schema_not_found(schema_id)
        return found

    async def schema_by_guid(self, request: Request) -> Response:
        return _json(request, self._schema(self._with_guid(request)[0], request.query_params.get("format")))

    async def ids_of_guid(self, request: Request) -> Response:
        found = sorted({(context_of(version.subject), version.id) for version in self._with_guid(request)})
        return _json(request, [{"context": context, "id": schema_id} for context, schema_id in found])

    def _with_guid(self, request: Request) -> list[Version]:
        found = list(self._store.with_guid(unquote(request.path_params["guid"])))
        if not found:
            raise errors.schema_not_found(unquote(request.path_params["guid"]))
        return found

    def _schema(self, version: Version, form: str | None) -> dict[str, Any]:
        content = version.content
        answer: dict[str, Any] = {"guid": _guid(version), "schema": self._registry.text(version, form)}
        if content.schema_type is not SchemaType.AVRO:
            answer["schemaType"] = content.schema_type
        if content.references:
            answer["references"] = content.references
        if content.metadata is not None:
            answer["metadata"] = content.metadata
        if content.rule_set is not None:
            answer["ruleSet"] = content.rule_set
        return answer

    def _entity(self, version: Version, form: str | None) -> dict[str, Any]:
        answer = {"subject": version.subject, "version": version.version, "id": version.id, **self._schema(version, form)}
        if version.deleted:
            answer["deleted"] = True
        return answer

    # -- compatibility

    async def check_version(self, request: Request) -> Response:
        number, subject = _number(request), _subject(request)
        return await self._check(request, subject, lambda: changes.versions_to_check(self._store, subject, number))

    async def check_subject(self, request: Request) -> Response:
        subject = _subject(request)
        return await self._check(request, subject, lambda: self._store.versions(subject))

    async def _check(self, request: Request, subject: str, earlier: Callable[[], Sequence[Version]]) -> Response:
        verbose, body = _flag(request, "verbose"), await _body(request, _decode_schema)
        compared = earlier()
        try:
            objections = self._registry.objections(subject, body.content(), compared)
        except RegistryError as error:
            if not verbose or error.code != 42201:
                raise
            return _json(request, {"is_compatible": False, "messages": [error.message]})
        answer: dict[str, Any] = {"is_compatible": not objections}
        if verbose:
            answer["messages"] = objections
        return _json(request, answer)

    # -- config and mode

    async def config(self, request: Request) -> Response:
        subject = _scope_of_settings(request)
        found = self._store.config(subject)
        if subject is None or (found is None and _flag(request, "defaultToGlobal")):
            found = self._store.config_in_scope(subject or "")
        if found is None:
            raise errors.no_subject_level(subject or "")
        return _json(request, found.fields)

    async def put_config(self, request: Request) -> Response:
        subject, body = _scope_of_settings(request), await _body(request, _decode_object)
        return _json(request, await self._registry.change(lambda store: changes.update_config(store, subject, body)))

    async def delete_config(self, request: Request) -> Response:
        subject = _scope_of_settings(request)
        before: Settings = await self._registry.change(lambda store: changes.delete_config(store, subject))
        return _json(request, before.fields or self._store.config_in_scope("").fields)

    async def mode(self, request: Request) -> Response:
        subject = _scope_of_settings(request)
        found = self._store.mode(subject)
        if subject is None or _flag(request, "defaultToGlobal"):
            found = self._store.mode_in_scope(subject or "")
        if found is None:
            raise errors.no_subject_mode(subject or "")
        return _json(request, {"mode": found})

    async def put_mode(self, request: Request) -> Response:
        subject, body = _scope_of_settings(request), await _body(request, _decode_object)
        force = _flag(request, "force")
        mode: Mode = await self._registry.change(lambda store: changes.update_mode(store, subject, body.get("mode"), force=force))
        return _json(request, {"mode": mode})

    async def delete_mode(self, request: Request) -> Response:
        subject = _scope_of_settings(request)
        before: Mode = await self._registry.change(lambda store: changes.delete_mode(store, subject))
        return _json(request, {"mode": before})

    async def contexts(self, request: Request) -> Response:
        return _json(request, _page(request, self._store.contexts()))


# -- requests


def _context(request: Request) -> str:
    context: str = request.scope["registry.context"]
    return context


def _is_context(subject: str) -> bool:
    """Return a qualifier without a subject, as in `:.name:`."""
    return subject.startswith(":.") and subject.endswith(":")


def _subject(request: Request) -> str:
    """Return the subject of the path, qualified by the context of the path. Raises RegistryError 42208."""
    name = unquote(request.path_params["subject"])
    if not _SUBJECT.fullmatch(name) or name in _RESERVED_SUBJECTS:
        raise errors.invalid_subject(name)
    return qualified(_context(request), name)


def _scope_of_settings(request: Request) -> str | None:
    """Return the subject a config or mode is for; None for the whole registry, `:.name:` for a context."""
    if "subject" in request.path_params:
        return _subject(request)
    context = _context(request)
    return None if context == DEFAULT_CONTEXT else f":{context}:"


def _number(request: Request) -> int | None:
    """Return the version of the path; None is the latest. Raises RegistryError 42202."""
    raw = unquote(request.path_params["version"])
    if raw in {"latest", "-1"}:
        return None
    if not raw.isascii() or not raw.isdecimal() or not 1 <= int(raw[:12]) <= 2**31 - 1:
        raise errors.invalid_version(raw)
    return int(raw)


def _query(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.scope["query_string"].decode("ascii", errors="replace"))


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() == "true"


def _page(request: Request, items: Sequence[_T]) -> Sequence[_T]:
    """Return the part of a listing between `offset` and `limit` more; a negative limit is none."""
    try:
        offset, limit = (int(request.query_params.get(name, default)) for name, default in (("offset", "0"), ("limit", "-1")))
    except ValueError:
        raise errors.RegistryError(404, 404, "HTTP 404 Not Found: offset and limit are numbers") from None
    start = max(0, offset)
    return items[start:] if limit < 0 else items[start : start + limit]


def _has_prefix(request: Request, subject: str) -> bool:
    """Return whether a listing asks for the subject. `:*:` stands for all contexts, and is the default outside `/contexts/NAME`."""
    context = _context(request)
    prefix = request.query_params.get("subjectPrefix", ":*:" if context == DEFAULT_CONTEXT else "")
    if prefix.startswith(":*:"):
        return subject.startswith(prefix.removeprefix(":*:")) if len(prefix) > 3 else True
    prefix = qualified(context, prefix)
    if prefix.startswith(":."):
        return subject.startswith(prefix)
    return context_of(subject) == DEFAULT_CONTEXT and subject.startswith(prefix)


async def _body(request: Request, decode: Callable[[bytes], _T]) -> _T:
    """Return the body, read up to its limit. Raises RegistryError 400, 413."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise errors.RegistryError(413, 413, f"The body has more than {MAX_BODY_BYTES:,} bytes.")
        chunks.append(chunk)
    try:
        return decode(b"".join(chunks))
    except msgspec.DecodeError as error:
        raise errors.malformed(f"The body is not what this request takes: {error}") from error


# -- answers


def _guid(version: Version) -> str:
    """Return the same for the same schema everywhere: it is made of what the schema is identical with."""
    return str(uuid.UUID(version.identity.canonical))


def _json(request: Request, answer: Any) -> Response:
    return Response(_encode(answer), media_type=_media_type(request))


def _text(request: Request, text: str) -> Response:
    return Response(text, media_type=_media_type(request))


def _media_type(request: Request) -> str:
    accepted = request.headers.get("accept", "")
    if "application/json" in accepted and "schemaregistry" not in accepted:
        return "application/json"
    return MEDIA_TYPE
