"""Routes as an OpenAPI document offers them, each open to whom the document says: what it does not say, nobody may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from shop_kit.errors import KitError
from shop_kit.http.access import Access, GuardedRoute, Handler

_METHODS = ("get", "put", "post", "delete", "patch")
_OWN = frozenset({"/health", "/ready", "/metrics"})
"""Paths that every application of the kit has, for those who run it."""


class ContractNotKept(KitError):
    """A document and the code that serves it do not fit together."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: a token of a security scheme, with scopes that it must all have."""

    scheme: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a document offers. `is_open` says that it needs no token."""

    id: str
    method: str
    path: str
    ways: tuple[Way, ...]
    is_open: bool

    def way_of(self, scheme: str) -> Way | None:
        """Return the way in for tokens of a scheme, None where there is none."""
        return next((way for way in self.ways if way.scheme == scheme), None)


def operations(document: str) -> Iterator[Operation]:
    """Yield what an OpenAPI document in YAML offers to somebody: an operation without `security` is open to nobody.

    Raises ContractNotKept for an alternative that wants several schemes at once, which nothing here can check.
    """
    loaded: dict[str, Any] = yaml.load(document, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # nosec B506 # both are safe
    for path, item in loaded["paths"].items():
        for method in _METHODS:
            if path in _OWN or method not in item:
                continue
            security = item[method].get("security", loaded.get("security"))
            if security:
                yield _operation(path, method, item[method], security)


def routes(
    offered: Collection[Operation], handlers: Mapping[str, Handler], admission: Callable[[Operation], Access]
) -> list[GuardedRoute]:
    """Return a route for each operation, served by the handler of its id. A path's `{orderId}` is the parameter `order_id`.

    Raises ContractNotKept for an operation without a handler, and for a handler that no operation leads to.
    """
    ids = {operation.id for operation in offered}
    if ids != set(handlers):
        missing, spare = sorted(ids - set(handlers)), sorted(set(handlers) - ids)
        raise ContractNotKept(f"the document offers {missing} that nothing serves, and does not offer {spare}")
    return [
        GuardedRoute(_snake(operation.path), handlers[operation.id], methods=[operation.method], access=admission(operation))
        for operation in offered
    ]


def _operation(path: str, method: str, said: Mapping[str, Any], security: list[dict[str, list[str]]]) -> Operation:
    if any(len(way) > 1 for way in security):
        raise ContractNotKept(f"{method.upper()} {path} wants several schemes at once")
    ways = tuple(Way(scheme, frozenset(scopes)) for way in security for scheme, scopes in way.items())
    return Operation(said["operationId"], method.upper(), path, ways, is_open={} in security)


def _snake(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: "{" + re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", found[1]).lower() + "}", path)
