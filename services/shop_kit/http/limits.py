"""Bounds on a request: how large its body and how long its work may be."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_kit.http.problems import Problem, problem_response
from shop_kit.resilience import deadline

MAX_DIGITS = 18
"""More than any true length or deadline has; Python refuses to read some thousands of them."""


class Limited:
    """Answers 413 to a body over `max_body_bytes` and 504 when `timeout_seconds` (or the caller's own deadline) pass."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, timeout_seconds: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if _number(headers.get(b"content-length")) > self._max_body_bytes:
            await problem_response(self._too_large(), scope["path"])(scope, receive, send)
            return
        has_begun = False
        read_bytes = 0

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > self._max_body_bytes:
                raise self._too_large()
            return message

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        wanted = _number(headers.get(deadline.HEADER.encode())) / 1000
        seconds = min(wanted, self._timeout_seconds) if wanted else self._timeout_seconds
        try:
            async with deadline.within(seconds):
                await self._app(scope, counted, noted)
        except TimeoutError:
            if has_begun:
                raise
            late = Problem(
                504, "The answer took too long", kind="timed-out", detail="The work was given up; it is safe to try again."
            )
            await problem_response(late, scope["path"])(scope, receive, send)

    def _too_large(self) -> Problem:
        detail = f"at most {self._max_body_bytes} bytes are taken"
        return Problem(413, "The body is too large", kind="body-too-large", detail=detail)


def _number(text: bytes | None) -> int:
    return int(text) if text and len(text) <= MAX_DIGITS and text.isdigit() else 0
