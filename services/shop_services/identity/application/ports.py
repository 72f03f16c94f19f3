"""What identity needs from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from shop_services.identity.domain.customer import Customer, ErasedCustomer

Known = Customer | ErasedCustomer
"""Everybody that was ever registered."""
K = TypeVar("K", Customer, ErasedCustomer)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class CustomerRepository(Protocol):
    """The customers."""

    async def find(self, customer_id: str) -> Known | None:
        """Return who is stored under the id, None for nobody yet."""
        ...

    async def save(self, customer: K) -> K:
        """Write a customer and tell of it, or that one is erased. Returns what is stored now. Raises Stale."""
        ...

    async def sign_in_is_removed(self, customer: ErasedCustomer) -> None:
        """Note that nothing is left to do for an erased customer. Raises Stale."""
        ...

    def erased_who_may_sign_in(self) -> AsyncIterator[str]:
        """Yield the ids of those whose sign-in is still to be removed."""
        ...


class NoSuchSignIn(Exception):
    """Nobody signs in as this customer: a machine, or somebody whose sign-in was removed."""


class SignIns(Protocol):
    """With what customers sign in, which somebody else keeps."""

    async def email(self, customer_id: str) -> str:
        """Return the e-mail address a customer signs in with. Raises NoSuchSignIn."""
        ...

    async def remove(self, customer_id: str) -> None:
        """Let nobody sign in as this customer any more; nothing happens when that is so."""
        ...
