"""An error that concerns a request or the sandbox as a whole, as the event that tells of it."""

from __future__ import annotations

import time

from shop_sandbox.errors import ErrorCode, SandboxError
from shop_sandbox.events import SandboxFailed


def failed(error: SandboxError) -> SandboxFailed:
    """Return the event that tells of the error."""
    return SandboxFailed(
        at=time.time(),
        code=error.code,
        message=error.message,
        actions=error.actions,
        retryable=error.retryable,
        detail=error.detail,
    )


def as_error(failure: SandboxFailed) -> SandboxError:
    """Return the error that the event tells of."""
    return SandboxError(
        ErrorCode(failure.code),
        failure.message,
        actions=failure.actions,
        retryable=failure.retryable,
        detail=dict(failure.detail),
    )
