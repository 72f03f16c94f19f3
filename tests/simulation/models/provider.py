"""The payment provider: it holds, takes, lets go of and gives back money, each once for its key, and keeps a ledger of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulation.faults import Trouble
from simulation.outside import Outside

T = TypeVar("T")
DECLINES = {
    "tok_declined": ("card_declined", "The card was declined."),
    "tok_insufficient_funds": ("insufficient_funds", "There is not enough money on the account."),
}
EXPIRED = ("authorisation_expired", "The card's bank does not hold the amount any more.")
NOT_CAPTURED = ("not_captured", "There is nothing to give back.")
TOO_MUCH = ("amount_too_large", "More cannot be given back than was taken.")
REFUND_REFUSED = ("refund_refused", "The card was closed: nothing can be given back to it.")
SLOW_SECONDS, ERRORS_BEFORE_SUCCESS = 5.0, 2

Refusal = tuple[str, str] | None


class ProviderBroken(Exception):
    """The provider's own error: HTTP 500."""


@dataclass
class Line:
    """One payment in the provider's ledger."""

    payment_id: str
    order_id: str
    currency: str
    minor_units: int
    token: str
    status: str
    holds: int = 0
    captures: int = 0
    refunds: dict[str, int] = field(default_factory=dict)

    @property
    def refunded(self) -> int:
        """What was given back, over all refunds."""
        return sum(self.refunds.values())


class Provider:
    """The provider's side of everything."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.lines: dict[str, Line] = {}
        self._errors: dict[str, int] = {}

    def authorise(self, payment_id: str, order_id: str, currency: str, minor_units: int, token: str) -> Refusal:
        """Hold an amount once."""
        if token == "tok_error":
            failed = self._errors.get(payment_id, 0)
            if failed < ERRORS_BEFORE_SUCCESS:
                self._errors[payment_id] = failed + 1
                raise ProviderBroken
        known = self.lines.get(payment_id)
        if known is None:
            refusal = DECLINES.get(token)
            status = "declined" if refusal else "held"
            known = self.lines[payment_id] = Line(payment_id, order_id, currency, minor_units, token, status, 0 if refusal else 1)
        return DECLINES.get(token) if known.status == "declined" else None

    def capture(self, payment_id: str) -> Refusal:
        """Take what is held, once."""
        line = self.lines.get(payment_id)
        if line is not None and line.status == "captured":
            return None
        if line is None or line.status != "held" or line.token == "tok_capture_fails":
            self.void(payment_id)
            return EXPIRED
        line.status = "captured"
        line.captures += 1
        return None

    def void(self, payment_id: str) -> None:
        """Let go of what is held; anything else stays as it is."""
        line = self.lines.get(payment_id)
        if line is not None and line.status == "held":
            line.status = "voided"

    def refund(self, payment_id: str, refund_id: str, minor_units: int) -> Refusal:
        """Give an amount back once for each refund id, and never more than was taken."""
        line = self.lines.get(payment_id)
        if line is None or line.status != "captured":
            return NOT_CAPTURED
        if refund_id in line.refunds:
            return None
        if line.token == "tok_refund_fails":
            return REFUND_REFUSED
        if line.refunded + minor_units > line.minor_units:
            return TOO_MUCH
        line.refunds[refund_id] = minor_units
        return None

    async def ask(self, call: str, payment_id: str, effect: Callable[[], T], *, timeout_seconds: float = 30.0) -> T:
        """Carry a call to the provider. Raises CallFailed, ProviderBroken."""
        line = self.lines.get(payment_id)
        process = self.outside.process()
        if line is not None and line.token == "tok_silent" and self.outside.trouble("card", process.name) is Trouble.CARD_SILENT:
            await process.loop.create_future()
        return await self.outside.cross("provider", "provider", f"{call} {payment_id}", effect, timeout_seconds=timeout_seconds)


def client_of(current: Callable[[], Provider]) -> type:
    """Return a stand-in for payments' client of its provider (the adapter that speaks HTTP)."""
    import asyncio

    from shop_kit.errors import Unavailable
    from shop_services.payments.application.ports import ProviderRefund
    from shop_services.payments.domain.payment import Refusal as DomainRefusal

    from simulation.outside import CallFailed

    class Client:
        def __init__(self) -> None:
            self._provider = current()

        @classmethod
        @contextlib.asynccontextmanager
        async def connect(cls, url: str, *, tracer: Any, tls: Any) -> AsyncIterator[Client]:
            yield cls()

        async def _ask(self, call: str, payment_id: str, effect: Callable[[], Refusal]) -> DomainRefusal | None:
            try:
                found = await self._provider.ask(call, payment_id, effect)
            except (CallFailed, ProviderBroken) as failed:
                raise Unavailable("payment provider", type(failed).__name__) from None
            return DomainRefusal(*found) if found else None

        async def authorise(self, payment_id: str, order_id: str, amount: Any, *, method_token: str) -> DomainRefusal | None:
            provider, trouble = self._provider, self._provider.outside
            if method_token == "tok_silent" and trouble.trouble("card", trouble.process().name) is Trouble.CARD_SILENT:
                await asyncio.sleep(3600.0)
            is_first = payment_id not in provider.lines
            found = await self._ask(
                "authorise",
                payment_id,
                lambda: provider.authorise(payment_id, order_id, amount.currency, amount.minor_units, method_token),
            )
            if method_token == "tok_slow" and is_first:
                await asyncio.sleep(SLOW_SECONDS)
            return found

        async def capture(self, payment_id: str, *, issuer: str | None) -> DomainRefusal | None:
            return await self._ask("capture", payment_id, lambda: self._provider.capture(payment_id))

        async def void(self, payment_id: str, *, issuer: str | None) -> None:
            await self._ask("void", payment_id, lambda: self._provider.void(payment_id))

        async def refund(self, payment_id: str, refund_id: str, amount: Any, *, issuer: str | None) -> DomainRefusal | None:
            return await self._ask("refund", payment_id, lambda: self._provider.refund(payment_id, refund_id, amount.minor_units))

        async def find_refund(self, payment_id: str, refund_id: str, *, issuer: str | None) -> ProviderRefund | None:
            line = self._provider.lines.get(payment_id)
            return ProviderRefund(None) if line is not None and refund_id in line.refunds else None

    return Client


_current: list[Provider] = []


def provider() -> Provider:
    """Return the provider of the history that runs."""
    return _current[-1]


def use(found: Provider | None) -> None:
    """Let payments meet this provider."""
    _current[:] = [found] if found else []
