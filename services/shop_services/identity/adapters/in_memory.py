"""Customers and sign-ins in memory, with the promises of the real stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from shop_kit.errors import Unavailable
from shop_kit.testing.aggregates import AggregateTable, InMemoryAggregates

from shop_services.identity.adapters.events import customer_event
from shop_services.identity.application.ports import K, Known, NoSuchSignIn
from shop_services.identity.domain.customer import ErasedCustomer


class InMemoryCustomerRepository:
    """A CustomerRepository."""

    def __init__(self, table: AggregateTable[Known]) -> None:
        self._customers = InMemoryAggregates(table)

    async def find(self, customer_id: str) -> Known | None:
        """Return who is stored under the id, or None."""
        return await self._customers.find(customer_id, fresh=True)

    async def save(self, customer: K) -> K:
        """Write a customer and tell of it. Raises Stale."""
        return await self._customers.save(customer, announce=customer_event)  # type: ignore[return-value]  # of the same kind

    async def sign_in_is_removed(self, customer: ErasedCustomer) -> None:
        """Note that nothing is left to do. Raises Stale."""
        await self._customers.save(ErasedCustomer(customer.id, customer.erased_at, may_sign_in=False, revision=customer.revision))

    async def erased_who_may_sign_in(self) -> AsyncIterator[str]:
        """Yield the ids of those whose sign-in is still to be removed."""
        for known in [*self._customers.table.stored.values()]:
            if isinstance(known, ErasedCustomer) and known.may_sign_in:
                yield known.id


@dataclass
class InMemorySignIns:
    """SignIns by customer id."""

    emails: dict[str, str] = field(default_factory=dict)
    is_away: bool = False

    async def email(self, customer_id: str) -> str:
        """Return the e-mail address. Raises NoSuchSignIn."""
        self._answer()
        if customer_id not in self.emails:
            raise NoSuchSignIn(customer_id)
        return self.emails[customer_id]

    async def remove(self, customer_id: str) -> None:
        """Forget the sign-in."""
        self._answer()
        self.emails.pop(customer_id, None)

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("aws cognito-idp", "it is away")
