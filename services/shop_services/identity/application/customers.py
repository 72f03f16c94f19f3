"""What customers do with what the shop knows of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from shop_kit.aggregates import decide_and_record
from shop_kit.errors import Transient

from shop_services.identity.application.ports import Clock, CustomerRepository, Known, SignIns
from shop_services.identity.domain.customer import Customer, Erased, ErasedCustomer, Profile, register

NOT_YET = 0
"""The version of a customer that is not registered."""
Change = Callable[[Customer], Customer]


class NoSuchCustomer(Exception):
    """Nobody is registered under this id."""


class Outdated(Exception):
    """What was changed is not as whoever changes it has seen it. `version` is the one it is at, None when it is not there."""

    def __init__(self, version: int | None) -> None:
        super().__init__(f"it is at version {version}")
        self.version = version


async def living(customer_id: str, customers: CustomerRepository) -> Customer:
    """Return the customer. Raises NoSuchCustomer, Erased."""
    return _living(await customers.find(customer_id))


async def introduce(
    customer_id: str, profile: Profile, *, seen: int, customers: CustomerRepository, sign_ins: SignIns, clock: Clock
) -> Customer:
    """Register somebody, or change how they are addressed. Raises Outdated, Erased, NoSuchSignIn."""
    email = await sign_ins.email(customer_id)

    async def attempt(*, fresh: bool) -> Customer:
        del fresh  # what people edit is never decided from memory
        found = await customers.find(customer_id)
        if isinstance(found, ErasedCustomer):
            raise Erased
        _compare(found, seen)
        now = clock.now()
        after = found.introduced(profile, email, now=now) if found else register(customer_id, email, profile, now=now)
        return await _saved(found, after, customers)

    return await decide_and_record(attempt, subject=f"the customer {customer_id}")


async def change(customer_id: str, decide: Change, *, customers: CustomerRepository, seen: int | None = None) -> Customer:
    """Change a customer, who must be as `seen` where that matters. Raises NoSuchCustomer, Erased,
    Outdated, and what `decide` does."""

    async def attempt(*, fresh: bool) -> Customer:
        del fresh
        found = _living(await customers.find(customer_id))
        if seen is not None:
            _compare(found, seen)
        return await _saved(found, decide(found), customers)

    return await decide_and_record(attempt, subject=f"the customer {customer_id}")


async def erase(customer_id: str, *, customers: CustomerRepository, sign_ins: SignIns, clock: Clock) -> ErasedCustomer:
    """Forget a customer and tell everybody to. The sign-in goes at once, or later by `remove_sign_in`. Raises NoSuchCustomer."""

    async def attempt(*, fresh: bool) -> ErasedCustomer:
        del fresh
        found = await customers.find(customer_id)
        if isinstance(found, ErasedCustomer):
            return found
        return await customers.save(_living(found).erased(now=clock.now()))

    gone = await decide_and_record(attempt, subject=f"the customer {customer_id}")
    with suppress(Transient):  # whoever looks for those who still may sign in tries again
        await remove_sign_in(customer_id, customers=customers, sign_ins=sign_ins)
    return gone


async def remove_sign_in(customer_id: str, *, customers: CustomerRepository, sign_ins: SignIns) -> None:
    """Let nobody sign in as somebody who was erased. What fails is tried again by whoever looks for those who still may."""

    async def attempt(*, fresh: bool) -> None:
        del fresh
        found = await customers.find(customer_id)
        if isinstance(found, ErasedCustomer) and found.may_sign_in:
            await sign_ins.remove(customer_id)
            await customers.sign_in_is_removed(found)

    await decide_and_record(attempt, subject=f"the customer {customer_id}")


def _living(found: Known | None) -> Customer:
    if found is None:
        raise NoSuchCustomer
    if isinstance(found, ErasedCustomer):
        raise Erased
    return found


def _compare(found: Customer | None, seen: int) -> None:
    version = found.revision.version if found else NOT_YET
    if version != seen:
        raise Outdated(version or None)


async def _saved(before: Customer | None, after: Customer, customers: CustomerRepository) -> Customer:
    return after if after == before else await customers.save(after)
