"""Registries that differ from ours as others do: old releases, those behind a login, those that break or keep no ids."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Answer = Callable[[Request], Response | None]
"""What a registry answers in ours' place; None lets ours answer."""


class InFront:
    """Stands in front of a registry: counts what is asked, and answers some of it itself."""

    def __init__(self, answer: Answer = lambda _: None, *, ignores: frozenset[str] = frozenset()) -> None:
        self._answer = answer
        self._ignores = ignores
        self.calls: list[tuple[str, str]] = []

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def called(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            query = [pair for pair in parse_qsl(scope["query_string"].decode()) if pair[0] not in self._ignores]
            scope = {**scope, "query_string": urlencode(query).encode()}
            request = Request(scope)
            self.calls.append((request.method, scope["raw_path"].decode().partition("?")[0]))
            own = self._answer(request)
            await (own or app)(scope, receive, send)

        return called

    @property
    def registrations(self) -> list[str]:
        """Subjects that a version was sent for, in order."""
        paths = [path for method, path in self.calls if method == "POST"]
        return [path.split("/")[2] for path in paths if path.endswith("/versions")]


def not_there(status: int, *paths: str) -> Answer:
    """Answer as servers do to a path, or `METHOD path`, that they do not know; without a code of Confluent's."""
    patterns = [re.compile(path) for path in paths]

    def answer(request: Request) -> Response | None:
        named = f"{request.method} {request.scope['path']}"
        if any(pattern.fullmatch(named) or pattern.fullmatch(request.scope["path"]) for pattern in patterns):
            return JSONResponse({"error_code": status, "message": f"HTTP {status}"}, status)
        return None

    return answer


def behind_a_login(authorization: str) -> Answer:
    """Let in who brings the header."""

    def answer(request: Request) -> Response | None:
        if request.headers.get("authorization") == authorization:
            return None
        return JSONResponse({"error_code": 401, "message": "Unauthorized"}, 401)

    return answer


def breaking_after(registrations: int) -> Answer:
    """Take a number of registrations, then none."""
    taken = 0

    def answer(request: Request) -> Response | None:
        nonlocal taken
        if request.method == "POST" and request.scope["path"].endswith("/versions"):
            taken += 1
            if taken > registrations:
                return JSONResponse({"error_code": 50001, "message": "Error in the backend data store"}, 500)
        return None

    return answer


class KeepsNoIds:
    """Takes the mode IMPORT, and gives out ids of its own all the same."""

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def called(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/versions"):
                body = json.loads(await Request(scope, receive).body())
                changed = json.dumps(body | {"id": body["id"] + 1000}).encode()

                async def other() -> Message:
                    return {"type": "http.request", "body": changed, "more_body": False}

                await app(scope, other, send)
                return
            await app(scope, receive, send)

        return called
