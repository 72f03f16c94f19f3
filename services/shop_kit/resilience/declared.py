"""What a service's manifest declares of how it bears that others are slow, away or too many (`resilience` in service.yaml).

The sandbox, and whoever deploys it, hands it over as JSON in SHOP_RESILIENCE; what it does not say is as here.
"""

from __future__ import annotations

import msgspec


class CallPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a service is called: one of `needs.services`, or one whose keys prove tokens (`needs.issuers`, a user pool)."""

    service: str
    timeout_seconds: float = 5.0
    attempts: int = 3
    retry_percent: int = 20
    reads_at_once: int = 256
    writes_at_once: int = 256
    waits_at_once: int = 1024
    failure_percent: int = 50
    open_seconds: float = 2.0


class DeclaredLimit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How often one client may use some operations, together."""

    name: str
    operations: tuple[str, ...]
    per_second: float
    burst: int


class Shedding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How much a process takes on, and which operations it refuses first and last."""

    at_once: int = 512
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def operations(self) -> frozenset[str]:
        """Return all operations that are named."""
        return frozenset((*self.first, *self.last, *self.apart))


class Resilience(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of it."""

    calls: tuple[CallPolicy, ...] = ()
    rate_limits: tuple[DeclaredLimit, ...] = ()
    shedding: Shedding | None = None

    def calls_of(self, service: str) -> CallPolicy | None:
        """Return how a service is called, None where nothing is declared."""
        return next((call for call in self.calls if call.service == service), None)

    def limit_of(self, operation: str) -> DeclaredLimit | None:
        """Return the limit on an operation, None where there is none of its own."""
        return next((limit for limit in self.rate_limits if operation in limit.operations), None)

    def operations(self) -> frozenset[str]:
        """Return all operations that are named."""
        return (self.shedding or Shedding()).operations().union(*(limit.operations for limit in self.rate_limits))


AS_THE_KIT_HAS_IT = Resilience()
"""For a manifest that says nothing of it."""


def read_resilience(text: str | None) -> Resilience:
    """Return what SHOP_RESILIENCE says. Raises msgspec.MsgspecError."""
    return msgspec.json.decode(text, type=Resilience) if text else AS_THE_KIT_HAS_IT
