"""`/associations`: which subject holds the schemas of which topic. Serialisers ask for it before they name a subject themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import errors
from shop_contracts.registry.associations import TOPIC, Resource, Wanted, dissociate
from shop_contracts.registry.http.answers import guid_of, json_answer
from shop_contracts.registry.http.requests import Endpoint, SchemaRequest, context_in, flag, page, read_body, subject_in
from shop_contracts.registry.model import Association, Lifecycle, SchemaType, Version
from shop_contracts.registry.registry import Registry

_ANY = "-"
"""Stands for every namespace, or every name, of resources."""


class AssociationInfo(msgspec.Struct, frozen=True, rename="camel"):
    """One association in a request."""

    subject: str | None = None
    association_type: str | None = None
    lifecycle: Lifecycle | None = None
    frozen: bool | None = None
    schema: SchemaRequest | None = None
    normalize: bool | None = None

    def wanted(self) -> Wanted:
        """Return what it asks for. Raises RegistryError 42201."""
        return Wanted(
            type=self.association_type or "value",
            subject=self.subject,
            lifecycle=self.lifecycle,
            frozen=self.frozen,
            schema=self.schema.content() if self.schema is not None else None,
            normalize=bool(self.normalize),
        )


class AssociationRequest(msgspec.Struct, frozen=True, rename="camel"):
    """The body that makes or changes the associations of a resource."""

    resource_name: str | None = None
    resource_namespace: str | None = None
    resource_id: str | None = None
    resource_type: str | None = None
    associations: list[AssociationInfo] | None = None


_decode = msgspec.json.Decoder(AssociationRequest).decode


class Associations:
    """Confluent's AssociationsResource, without its batches."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def endpoints(self) -> list[Endpoint]:
        """Return what is answered here."""
        return [
            ("POST", "/associations", self.create),
            ("GET", "/associations/subjects/{subject}", self.of_subject),
            ("GET", "/associations/resources/{namespace}/{name}", self.of_resource_name),
            ("GET", "/associations/resources/{id}", self.of_resource),
            ("PUT", "/associations/resources/{id}", self.put),
            ("DELETE", "/associations/resources/{id}", self.delete),
        ]

    async def of_subject(self, request: Request) -> Response:
        subject = subject_in(request, self._store)
        return self._listing(request, (each for each in self._store.associations() if each.subject == subject))

    async def of_resource_name(self, request: Request) -> Response:
        namespace, name = unquote(request.path_params["namespace"]), unquote(request.path_params["name"])
        found = (
            each
            for each in self._store.associations()
            if name in {_ANY, each.resource_name} and namespace in {_ANY, each.resource_namespace}
        )
        return self._listing(request, found)

    async def of_resource(self, request: Request) -> Response:
        resource_id = unquote(request.path_params["id"])
        return self._listing(request, (each for each in self._store.associations() if each.resource_id == resource_id))

    def _listing(self, request: Request, found: Iterable[Association]) -> Response:
        kind, types = _resource_type(request), request.query_params.getlist("associationType")
        lifecycle = request.query_params.get("lifecycle")
        wanted = [
            each
            for each in found
            if each.resource_type == kind
            and (not types or each.association_type in types)
            and (lifecycle is None or each.lifecycle == lifecycle)
        ]
        return json_answer(request, page(request, wanted))

    async def create(self, request: Request) -> Response:
        body = await read_body(request, _decode)
        return await self._associate(request, body, body.resource_id, is_create=True)

    async def put(self, request: Request) -> Response:
        body, resource_id = await read_body(request, _decode), unquote(request.path_params["id"])
        if body.resource_id not in {None, resource_id}:
            raise errors.invalid_association("resourceId", "is not the one of the path")
        return await self._associate(request, body, resource_id, is_create=False)

    async def _associate(self, request: Request, body: AssociationRequest, resource_id: str | None, *, is_create: bool) -> Response:
        resource = Resource(
            name=body.resource_name, namespace=body.resource_namespace, id=resource_id, type=body.resource_type or TOPIC
        )
        made, registered = await self._registry.associate(
            resource,
            [each.wanted() for each in body.associations or ()],
            context=context_in(request),
            is_create=is_create,
            dry_run=flag(request, "dryRun"),
        )
        named = {
            "resourceName": resource.name,
            "resourceNamespace": resource.namespace,
            "resourceId": resource.id,
            "resourceType": resource.type,
        }
        infos = [_info(each, registered.get(each.association_type)) for each in made]
        return json_answer(request, {name: value for name, value in named.items() if value} | {"associations": infos})

    async def delete(self, request: Request) -> Response:
        resource_id, kind = unquote(request.path_params["id"]), _resource_type(request)
        types = request.query_params.getlist("associationType")
        cascade, dry_run = flag(request, "cascadeLifecycle"), flag(request, "dryRun")
        await self._registry.change(lambda store: dissociate(store, resource_id, kind, types, cascade=cascade, dry_run=dry_run))
        return Response(status_code=204)


def _resource_type(request: Request) -> str:
    return request.query_params.get("resourceType") or TOPIC


def _info(association: Association, version: Version | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "subject": association.subject,
        "associationType": association.association_type,
        "lifecycle": association.lifecycle,
        "frozen": association.frozen,
    }
    if version is not None:
        content = version.content
        schema = {"subject": version.subject, "version": version.version, "id": version.id, "guid": guid_of(version)}
        kind = {} if content.schema_type is SchemaType.AVRO else {"schemaType": content.schema_type}
        answer["schema"] = {**schema, **kind, "schema": content.schema}
    return answer
