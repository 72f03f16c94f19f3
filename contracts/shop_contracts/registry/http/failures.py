"""What goes wrong, as answers: every error has Confluent's form, whoever raised it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shop_contracts.registry import errors
from shop_contracts.registry.errors import RegistryError
from shop_contracts.registry.http.answers import MEDIA_TYPE


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
    body = msgspec.json.encode({"error_code": code, "message": message})
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


EXCEPTION_HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    RegistryError: _refused,
    HTTPException: _not_served,
    Exception: _failed,
}
