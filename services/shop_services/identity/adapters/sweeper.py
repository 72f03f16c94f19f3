"""Removes the sign-ins of those who were erased while Cognito was away."""

from __future__ import annotations

from shop_kit.clock import Clock
from shop_kit.sweeping import Sweeper

from shop_services.identity.application.customers import remove_sign_in
from shop_services.identity.application.ports import CustomerRepository, SignIns


def removal(customers: CustomerRepository, sign_ins: SignIns, clock: Clock) -> Sweeper[str]:
    """Return what looks for erased customers who may still sign in."""

    async def take_up(customer_id: str) -> None:
        await remove_sign_in(customer_id, customers=customers, sign_ins=sign_ins)

    return Sweeper("sign-ins of the erased", due=customers.erased_who_may_sign_in, take_up=take_up, clock=clock)
