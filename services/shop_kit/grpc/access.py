"""Who may call a method: declared for each where the service is put together, and decided before its handler runs.

A method without a declaration is not served. Tokens come as HTTP's do, in `authorization: Bearer …` of a call's metadata.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import descriptor_pool

from shop_kit.auth import NotAuthenticated, Principal, TokenVerifier
from shop_kit.auth.tokens import bearer
from shop_kit.errors import KitError

OWN = ("/grpc.health.", "/grpc.reflection.")
"""Methods that probes and tools ask: open to all, and unobserved."""

_caller: ContextVar[Principal | None] = ContextVar("shop_grpc_caller", default=None)


def caller() -> Principal:
    """Return who is calling, in a method that lets nobody in unknown."""
    principal = _caller.get()
    if principal is None:
        raise KitError("this method lets in callers who are not known")
    return principal


class Undeclared(KitError):
    """A method does not say who may call it."""


@dataclass(frozen=True)
class Scope:
    """Callers whose token has this scope, such as `stock:read`."""

    name: str


@dataclass(frozen=True)
class Anybody:
    """Whoever calls, for the `reason` given."""

    reason: str


Access = Scope | Anybody


def declared(service: str, access: Mapping[str, Access]) -> dict[str, Access]:
    """Return the rules of a service's methods by full name. Raises Undeclared for a method of its contract that has none."""
    try:
        methods = {method.name for method in descriptor_pool.Default().FindServiceByName(service).methods}
    except KeyError:  # not made from a contract: then each call shows
        methods = set()
    if silent := sorted(methods - set(access)):
        raise Undeclared(f"{', '.join(silent)} of {service} do not say who may call them: give each a Scope, or Anybody and why")
    return {f"/{service}/{method}": rule for method, rule in access.items()}


class Guarded(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in its types only, not when it runs
    """Lets callers through to the methods that `access` (by full name, `/package.Service/Method`) opens to them."""

    def __init__(self, access: Mapping[str, Access], tokens: TokenVerifier | None) -> None:
        self._access = access
        self._tokens = tokens

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], call: Any) -> Any:
        """Return the handler of a call, behind its rule. Raises Undeclared when the call is made."""
        handler = await continuation(call)
        if handler is None or call.method.startswith(OWN):
            return handler
        rule = self._access.get(call.method)
        if isinstance(rule, Anybody):
            return handler

        async def guarded(request: Any, caller: Any) -> Any:
            if rule is None or handler.unary_unary is None:
                raise Undeclared(f"{call.method} does not say who may call it, or is a stream with a scope")
            await self._admit(caller, rule)
            return await handler.unary_unary(request, caller)

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)

    async def _admit(self, caller: Any, rule: Scope) -> None:
        if self._tokens is None:
            raise Undeclared("this service was put together without a TokenVerifier")
        metadata = {name: value for name, value in caller.invocation_metadata() or () if isinstance(value, str)}
        token = bearer(metadata.get("authorization", ""))
        if token is None:
            raise NotAuthenticated("send metadata authorization: Bearer <token>")
        principal = await self._tokens.verify(token)
        principal.require(rule.name)
        _caller.set(principal)  # of this call alone: each has a task of its own
