"""A service behind the front door that records what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from shop_contracts.proto.pricing.v1 import pricing_service_pb2 as messages
from shop_kit.errors import Overloaded, Unavailable
from shop_services.edge.application.callers import Caller
from shop_services.edge.application.ports import Change, Effect, ServiceAnswer


@dataclass(frozen=True)
class Asked:
    """One request that came through the door."""

    method: str
    path: str
    customer: str
    body: bytes = b""
    idempotency_key: str = ""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()


@dataclass
class FakeService:
    """Answers everything with `answer`, or with nothing while it `is_down`."""

    answer: ServiceAnswer = field(default_factory=lambda: ServiceAnswer(200, b"{}", {"content-type": "application/json"}))
    is_down: bool = False
    never_answers_waits: bool = False
    too_many_wait: bool = False
    asked: list[Asked] = field(default_factory=list)

    async def get(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        return self._take(Asked("GET", path, caller.subject, scopes=caller.scopes))

    async def wait(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        answer = self._take(Asked("GET", path, caller.subject, scopes=caller.scopes))
        if self.too_many_wait:
            raise Overloaded("orders", "everybody waits")
        if self.never_answers_waits:
            await asyncio.Event().wait()
        return answer

    async def post(self, path: str, effect: Effect, *, caller: Caller, seconds: float) -> ServiceAnswer:
        asked = Asked("POST", path, caller.subject, effect.body, effect.idempotency_key, effect.content_type, scopes=caller.scopes)
        return self._take(asked)

    async def change(self, path: str, change: Change, *, caller: Caller, seconds: float) -> ServiceAnswer:
        return self._take(Asked(change.method, path, caller.subject, change.body, headers=change.headers, scopes=caller.scopes))

    def _take(self, asked: Asked) -> ServiceAnswer:
        self.asked.append(asked)
        if self.is_down:
            raise Unavailable("orders", "connection refused")
        return self.answer


@dataclass
class FakeQuotes:
    """Makes an empty quote of whatever pricing is asked for."""

    pricing: FakeService

    async def make(self, wanted: messages.CreateQuoteRequest, *, caller: Caller) -> messages.CreateQuoteResponse:
        self.pricing.asked.append(Asked("CreateQuote", "", caller.subject, scopes=caller.scopes))
        return messages.CreateQuoteResponse(quote=messages.Quote(customer_id=wanted.customer_id))


def json_answer(status: int, value: object, **headers: str) -> ServiceAnswer:
    """An answer as services give it."""
    return ServiceAnswer(status, msgspec.json.encode(value), {"content-type": "application/json", **headers})
