"""What the front door needs from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shop_services.edge.domain.rate import RateLimit, Verdict


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What a service answered. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """A service behind the front door. Each call raises shop_kit's Transient when it gives no answer in time."""

    async def get(self, path: str, *, as_customer: str, seconds: float) -> ServiceAnswer:
        """Read; tried again when there is no answer."""
        ...

    async def post(self, path: str, *, as_customer: str, body: bytes, idempotency_key: str, seconds: float) -> ServiceAnswer:
        """Ask for an effect; tried again when there is no answer, which the key makes safe."""
        ...


class Turnstile(Protocol):
    """Counts how often each client asks, for all instances of the edge together."""

    async def pass_through(self, client: str, limit: RateLimit) -> Verdict:
        """Count one request of `client` and say whether it may pass."""
        ...
