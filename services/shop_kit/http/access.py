"""Who may use a route: declared on the route itself, and decided before its handler runs. A route without it is not served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shop_kit.auth import NotAuthenticated, Principal, TokenVerifier
from shop_kit.auth.tokens import bearer
from shop_kit.errors import KitError
from shop_kit.http.problems import Problem, problem_response

Handler = Callable[[Request], Awaitable[Response]]


class Access(Protocol):
    """A rule of admission."""

    async def admit(self, request: Request) -> Principal | None:
        """Return who is calling, None for somebody unknown who may. Raises NotAuthenticated, NotAllowed or a Problem."""
        ...


@dataclass(frozen=True)
class Scope:
    """Callers whose token has this scope, such as `orders:place`."""

    name: str

    async def admit(self, request: Request) -> Principal | None:
        """Return who is calling. Raises NotAuthenticated, NotAllowed; Unavailable when the issuer's keys cannot be had."""
        principal = await _verified(request)
        principal.require(self.name)
        return principal


@dataclass(frozen=True)
class Anybody:
    """Whoever asks, for the `reason` given: what it shows is public, or its handler proves by itself who is calling."""

    reason: str

    async def admit(self, request: Request) -> Principal | None:
        """Let everybody in."""
        del request
        return None


@dataclass(frozen=True)
class AnybodyOrCaller:
    """Whoever asks, for the `reason` given; a token that is sent is checked, for its holder may be shown more."""

    reason: str

    async def admit(self, request: Request) -> Principal | None:
        """Return who is calling, None without a token. Raises NotAuthenticated, Unavailable."""
        if "authorization" not in request.headers:
            return None
        return await _verified(request)


class GuardedRoute(Route):
    """A route that says who may use it."""

    def __init__(self, path: str, handler: Handler, *, access: Access, methods: Sequence[str] = ("GET",)) -> None:
        async def guarded(request: Request) -> Response:
            request.state.principal = await access.admit(request)
            return await handler(request)

        super().__init__(path, guarded, methods=[*methods], name=getattr(handler, "__name__", path))
        self.access = access


class Unguarded(KitError):
    """A route does not say who may use it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the route {path} does not say who may use it: make it a GuardedRoute with a Scope, or with Anybody and why"
        )


def visitor(request: Request) -> Principal | None:
    """Return who is calling, None for somebody unknown."""
    principal: Principal | None = request.state.principal
    return principal


def caller(request: Request) -> Principal:
    """Return who is calling, on a route that lets nobody in unknown."""
    principal = visitor(request)
    if principal is None:
        raise KitError("this route lets in callers who are not known")
    return principal


def bearer_token(request: Request) -> str:
    """Return the token of the header `Authorization: Bearer …` (RFC 6750). Raises NotAuthenticated."""
    token = bearer(request.headers.get("authorization", ""))
    if token is None:
        raise NotAuthenticated("send a header Authorization: Bearer <token>")
    return token


async def _verified(request: Request) -> Principal:
    tokens: TokenVerifier | None = request.app.state.tokens
    if tokens is None:
        raise KitError("this application was made without a TokenVerifier")
    return await tokens.verify(bearer_token(request))


async def on_not_authenticated(request: Request, error: Exception) -> Response:
    """Answer 401."""
    problem = Problem(
        401,
        "A valid token is required",
        kind="not-authenticated",
        detail=str(error),
        headers={"www-authenticate": 'Bearer realm="shop"'},
    )
    return problem_response(problem, request.scope["path"])


async def on_not_allowed(request: Request, error: Exception) -> Response:
    """Answer 403."""
    problem = Problem(403, "This is not allowed with this token", kind="not-allowed", detail=str(error))
    return problem_response(problem, request.scope["path"])
