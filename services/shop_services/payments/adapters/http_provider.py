"""The payment provider over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from opentelemetry.trace import SpanKind, Tracer
from shop_kit import context
from shop_kit.errors import KitError, Overloaded, Unavailable
from shop_kit.shared_kernel import Money
from shop_kit.tls import MutualTls
from shop_kit.tracing import traceparent

from shop_services.payments.application.ports import ProviderRefund
from shop_services.payments.domain.payment import Refusal

T = TypeVar("T")
NAME = "payment provider"
CONNECTIONS = 1024
"""More than a few issuers that are away can hold: what bounds calls is the bulkhead of each issuer."""
REFUSED, NOT_FOUND, TOO_MANY = 402, 404, 429


class ProviderMisunderstood(KitError):
    """The provider takes a request of ours for wrong, or its answer makes no sense here: somebody has to look."""


class _Refusal(msgspec.Struct):
    code: str
    explanation: str


class _Charge(msgspec.Struct):
    status: str
    decline: _Refusal | None = None


class _Refund(msgspec.Struct):
    refusal: _Refusal | None = None


class _Fault(msgspec.Struct):
    message: str


class _Problem(msgspec.Struct):
    title: str = "The payment provider gave no reason."
    errors: list[_Fault] = []


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes

    def read(self, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self.content, type=kind)
        except msgspec.DecodeError as error:
            raise ProviderMisunderstood(f"{NAME}: an answer with HTTP {self.status} makes no sense: {error}") from error

    def refusal(self) -> Refusal | None:
        """Return why the provider refuses for good; None when it did what was asked."""
        if self.status != REFUSED:
            return None
        problem = self.read(_Problem)
        return Refusal(problem.errors[0].message if problem.errors else "unknown", problem.title)


class HttpProvider:
    """The PaymentProvider. Nothing bounds a call here: see GuardedProvider."""

    def __init__(self, url: str, session: aiohttp.ClientSession, tracer: Tracer) -> None:
        self._url = url.rstrip("/")
        self._session = session
        self._tracer = tracer

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, tracer: Tracer, tls: MutualTls | None = None) -> AsyncIterator[HttpProvider]:
        """Give a client with connections of its own for the block; `tls` is for a provider that takes known certificates only."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30, ssl=tls.client if tls else True)
        async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield cls(url, session, tracer)

    async def authorise(self, payment_id: str, order_id: str, amount: Money, *, method_token: str) -> Refusal | None:
        """Hold the amount."""
        body = {"reference": order_id, "amount": _amount(amount), "methodToken": method_token}
        answer = await self._call("PUT", _path(payment_id), body)
        return _refusal(answer.read(_Charge).decline)

    async def capture(self, payment_id: str, *, issuer: str | None) -> Refusal | None:
        """Take what is held."""
        del issuer
        return (await self._call("POST", _path(payment_id, "capture"), expects=(REFUSED,))).refusal()

    async def void(self, payment_id: str, *, issuer: str | None) -> None:
        """Let go of what is held, if anything is."""
        del issuer
        await self._call("POST", _path(payment_id, "void"), expects=(NOT_FOUND,))

    async def refund(self, payment_id: str, refund_id: str, amount: Money, *, issuer: str | None) -> Refusal | None:
        """Give money back."""
        del issuer
        path = _path(payment_id, "refunds", refund_id)
        return (await self._call("PUT", path, {"amount": _amount(amount)}, expects=(REFUSED,))).refusal()

    async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
        """Look a refund up."""
        del issuer
        answer = await self._call("GET", _path(payment_id, "refunds", refund_id), expects=(NOT_FOUND,))
        return None if answer.status == NOT_FOUND else ProviderRefund(_refusal(answer.read(_Refund).refusal))

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, expects: Collection[int] = ()
    ) -> _Answer:
        """Return an answer with success, or with one of the statuses it `expects`."""
        content = msgspec.json.encode(body) if body is not None else None
        with self._tracer.start_as_current_span(f"{method} {NAME}", kind=SpanKind.CLIENT) as span:
            try:
                async with self._session.request(
                    method, f"{self._url}{path}", data=content, headers=_headers(), allow_redirects=False
                ) as response:
                    answer = _Answer(response.status, await response.read())
            except (aiohttp.ClientError, OSError) as error:
                raise Unavailable(NAME, str(error) or type(error).__name__) from error
            span.set_attribute("http.response.status_code", answer.status)
        if answer.status == TOO_MANY:
            raise Overloaded(NAME, "it asks for fewer calls")
        if answer.status >= 500:
            raise Unavailable(NAME, f"HTTP {answer.status}")
        if answer.status >= 300 and answer.status not in expects:
            raise ProviderMisunderstood(f"{NAME}: HTTP {answer.status} to {method} {path}: {answer.content[:300]!r}")
        return answer


def _headers() -> dict[str, str]:
    headers = {"content-type": "application/json", "x-correlation-id": context.correlation_id()}
    parent = traceparent()
    return {**headers, "traceparent": parent} if parent else headers


def _path(payment_id: str, *more: str) -> str:
    return "/".join(["/v1/charges", *(quote(part, safe="") for part in (payment_id, *more))])


def _amount(money: Money) -> dict[str, Any]:
    return {"currency": money.currency, "minorUnits": money.minor_units}


def _refusal(found: _Refusal | None) -> Refusal | None:
    return Refusal(found.code, found.explanation) if found else None
