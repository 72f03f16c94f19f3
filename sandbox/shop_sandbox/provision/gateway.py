"""Routes of API Gateway from an OpenAPI document: one for each operation, open to whom the document says.

HTTP APIs can import such a document in AWS (`ImportApi`), which the emulator cannot; made one by one they are the same in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from shop_sandbox.manifest.form import Gateway
from shop_sandbox.provision.routes import WantedRoute

_METHODS = ("get", "put", "post", "delete", "patch")
_OPERATIONS = frozenset({"/health", "/ready", "/metrics"})
"""For those who run the service, and not let through."""


def gateway_routes(document: str, gateway: Gateway, target: str) -> Iterator[WantedRoute]:
    """Yield a route to `target` for each operation that an OpenAPI document in YAML opens to somebody."""
    loaded: dict[str, Any] = yaml.load(document, Loader=yaml.CSafeLoader)  # nosec B506 # the safe one
    schemes = loaded.get("components", {}).get("securitySchemes", {})
    pooled = frozenset(name for name, scheme in schemes.items() if scheme["type"] == "oauth2")
    for path, item in loaded["paths"].items():
        for method in _METHODS:
            security = item.get(method, {}).get("security", loaded.get("security"))
            if path not in _OPERATIONS and method in item and security:
                yield _route(f"{method.upper()} {path}", security, pooled, gateway, target)


def _route(key: str, security: list[Mapping[str, list[str]]], pooled: frozenset[str], gateway: Gateway, target: str) -> WantedRoute:
    """An authorizer knows tokens of its pool only: whoever else may come in is judged behind it."""
    if not all(way and pooled.issuperset(way) for way in security):
        return WantedRoute(key, target)
    scopes = sorted({f"{gateway.resource_server}/{scope}" for way in security for asked in way.values() for scope in asked})
    return WantedRoute(key, target, gateway.user_pool, tuple(scopes))
