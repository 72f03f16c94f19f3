"""What the front door needs from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shop_services.edge.application.callers import Caller


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a service answered. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a visitor sends to have an effect, as it came: the service behind judges it."""

    body: bytes
    content_type: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a visitor wants to be otherwise, as it came. It carries no key, so it is sent once."""

    method: str
    body: bytes
    headers: Mapping[str, str]


class Service(Protocol):
    """A service behind the front door. Each call raises shop_kit's Transient when it gives no answer in time."""

    async def get(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Read; tried again when there is no answer."""
        ...

    async def wait(self, path: str, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Read what may take long on purpose. However many wait, reading and writing go on."""
        ...

    async def post(self, path: str, effect: Effect, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Ask for an effect; tried again when there is no answer, which the key makes safe."""
        ...

    async def change(self, path: str, change: Change, *, caller: Caller, seconds: float) -> ServiceAnswer:
        """Change or remove something. Not tried again: what was seen before the first try is out of date for the second."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """Everybody behind the front door."""

    orders: Service
    inventory: Service
    pricing: Service
    identity: Service
    catalog: Service
    cart: Service
    search: Service
