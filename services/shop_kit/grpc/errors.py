"""The kit's errors as gRPC's status codes, at the edge (https://grpc.io/docs/guides/status-codes/)."""

from __future__ import annotations

import grpc

from shop_kit.auth import NotAllowed, NotAuthenticated
from shop_kit.errors import Conflict, Invalid, Overloaded, Transient

_CODES: tuple[tuple[type[Exception], grpc.StatusCode], ...] = (
    (Overloaded, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (Conflict, grpc.StatusCode.ABORTED),
    (Transient, grpc.StatusCode.UNAVAILABLE),
    (Invalid, grpc.StatusCode.INVALID_ARGUMENT),
    (NotAuthenticated, grpc.StatusCode.UNAUTHENTICATED),
    (NotAllowed, grpc.StatusCode.PERMISSION_DENIED),
    (TimeoutError, grpc.StatusCode.DEADLINE_EXCEEDED),
)


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Return code and details that tell an error to a caller. A fault of ours is INTERNAL: no inner detail leaves the service."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, str(error) or "the answer took too long"
    return grpc.StatusCode.INTERNAL, "something went wrong on our side; it was logged under the correlation id"
