"""The registry as an ASGI application: its resources under their paths, once the state has been read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_contracts.registry import errors
from shop_contracts.registry.http.associations import Associations
from shop_contracts.registry.http.compatibility import Compatibility
from shop_contracts.registry.http.config import Config
from shop_contracts.registry.http.contexts import Contexts
from shop_contracts.registry.http.failures import EXCEPTION_HANDLERS
from shop_contracts.registry.http.mode import ModeResource
from shop_contracts.registry.http.requests import Endpoint, Handler, context_name
from shop_contracts.registry.http.schemas import Schemas
from shop_contracts.registry.http.server import Health, Server
from shop_contracts.registry.http.subjects import Subjects
from shop_contracts.registry.http.versions import Versions
from shop_contracts.registry.model import DEFAULT_CONTEXT
from shop_contracts.registry.registry import Registry

_RESOURCES = (Schemas, Subjects, Versions, Compatibility, Config, ModeResource, Contexts, Associations, Server)

_ASKED_MOST = (
    "/schemas/ids/{id}",
    "/subjects/{subject}",
    "/subjects/{subject}/versions/{version}",
    "/subjects/{subject}/versions",
)
"""By serialisers. They come first, since paths are compared one after another."""


def application(registry: Registry) -> ASGIApp:
    """Return the registry as an ASGI application; it starts to read when the server starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await registry.start()
        yield
        await registry.close()

    app = Starlette(routes=_routes(registry), lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)
    return _EncodedPaths(app)


def _routes(registry: Registry) -> list[Route]:
    endpoints: list[Endpoint] = [endpoint for resource in _RESOURCES for endpoint in resource(registry).endpoints()]
    by_path: dict[str, dict[str, Handler]] = {path: {} for path in _ASKED_MOST}
    for method, path, handler in endpoints:
        by_path.setdefault(path, {})[method] = handler
    served = [Route(path, _loaded(registry, methods), methods=list(methods)) for path, methods in by_path.items()]
    return [*served, *Health(registry).routes()]


def _loaded(registry: Registry, methods: dict[str, Handler]) -> Handler:
    """Answer only from the whole state: before it is read, a schema that is registered would look unknown."""

    async def answer(request: Request) -> Response:
        if not registry.is_ready:
            raise errors.not_loaded()
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return answer


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
                    context, path = context_name(unquote(name)), f"/{rest}"
            stripped = path.rstrip("/") or "/"
            scope = {**scope, "path": stripped, "root_path": "", "registry.context": context}
        await self._app(scope, receive, send)
