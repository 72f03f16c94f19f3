"""What travels with a piece of work through HTTP, handlers, logs, spans and messages: who started it, and for which order."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from opentelemetry import trace


@dataclass(frozen=True, slots=True)
class WorkContext:
    """Identity of the work at hand. `causation_id` is the id of the message that is being handled."""

    correlation_id: str | None = None
    causation_id: str | None = None
    order_id: str | None = None


_NO_WORK = WorkContext()
_current: ContextVar[WorkContext] = ContextVar("shop_work", default=_NO_WORK)


def current() -> WorkContext:
    """Return the work at hand; empty outside of any request or message."""
    return _current.get()


def correlation_id() -> str:
    """Return the correlation id of the work at hand; a new one when nothing has begun it."""
    return _current.get().correlation_id or new_id()


def new_id() -> str:
    """Return a fresh id for a message or a piece of work."""
    return uuid.uuid4().hex


@contextmanager
def bind(*, correlation_id: str | None = None, causation_id: str | None = None, order_id: str | None = None) -> Iterator[None]:
    """Name the work at hand within the block; what is not given stays as it was. The current span is marked as well."""
    before = _current.get()
    now = replace(
        before,
        correlation_id=correlation_id or before.correlation_id,
        causation_id=causation_id or before.causation_id,
        order_id=order_id or before.order_id,
    )
    token = _current.set(now)
    mark_span(trace.get_current_span())
    try:
        yield
    finally:
        _current.reset(token)


def mark_span(span: trace.Span) -> None:
    """Write the work's identity on a span, so that `shop-dev trace` finds all spans of an order."""
    work = _current.get()
    if work.correlation_id:
        span.set_attribute("shop.correlation_id", work.correlation_id)
    if work.order_id:
        span.set_attribute("shop.order_id", work.order_id)
