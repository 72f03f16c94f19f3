"""Customers in DynamoDB: one item each, with everything that is theirs in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import MappingProxyType

from shop_kit.aggregates.dynamo import DynamoAggregates, revision_of
from shop_kit.aws.dynamo import Item
from shop_kit.service import TableStore

from shop_services.identity.adapters.events import customer_event
from shop_services.identity.application.ports import K, Known
from shop_services.identity.domain.customer import Address, Consent, Customer, ErasedCustomer, Profile, Purpose

ERASING_INDEX = "erasing"
ERASING = "erasing"
"""Partition of the sparse index of those who were erased and may still sign in: seldom anybody."""


class DynamoCustomerRepository:
    """The CustomerRepository on the service's own table, with its outbox."""

    def __init__(self, store: TableStore) -> None:
        self._customers = DynamoAggregates[Known](
            store.dynamo, store.outbox, table=store.table, kind="customer", to_item=_to_item, from_item=_from_item
        )

    async def find(self, customer_id: str) -> Known | None:
        """Return who is stored under the id, or None."""
        return await self._customers.find(customer_id, fresh=True)

    async def save(self, customer: K) -> K:
        """Write a customer and tell of it. Raises Stale."""
        return await self._customers.save(customer, announce=customer_event)  # type: ignore[return-value]  # of the same kind

    async def sign_in_is_removed(self, customer: ErasedCustomer) -> None:
        """Take an erased customer out of the index. Raises Stale."""
        await self._customers.save(ErasedCustomer(customer.id, customer.erased_at, may_sign_in=False, revision=customer.revision))

    def erased_who_may_sign_in(self) -> AsyncIterator[str]:
        """Yield the ids that the index has."""
        return self._customers.indexed(ERASING_INDEX, "erasing = :yes", {":yes": ERASING})


def _to_item(known: Known) -> Item:
    if isinstance(known, ErasedCustomer):
        at = int(known.erased_at * 1000)
        return {"erased_at": at, **({"erasing": ERASING, "erasing_since": at} if known.may_sign_in else {})}
    return {
        "email": known.email,
        "name": known.profile.name,
        "language": known.profile.language,
        "group": known.group,
        "addresses": [
            {
                "id": one.id,
                "recipient": one.recipient,
                "lines": list(one.lines),
                "postal_code": one.postal_code,
                "city": one.city,
                "country": one.country,
            }
            for one in known.addresses
        ],
        "consents": {
            purpose.value: {"is_given": one.is_given, "since": int(one.since * 1000)} for purpose, one in known.consents.items()
        },
        "registered_at": int(known.registered_at * 1000),
        "changed_at": int(known.changed_at * 1000),
    }


def _from_item(item: Item) -> Known:
    revision = revision_of(item)
    if "erased_at" in item:
        return ErasedCustomer(item["id"], item["erased_at"] / 1000, may_sign_in="erasing" in item, revision=revision)
    consents = {Purpose(name): Consent(one["is_given"], one["since"] / 1000) for name, one in item["consents"].items()}
    return Customer(
        id=item["id"],
        email=item["email"],
        profile=Profile(item["name"], item["language"]),
        group=item["group"],
        addresses=tuple(
            Address(one["id"], one["recipient"], tuple(one["lines"]), one["postal_code"], one["city"], one["country"])
            for one in item["addresses"]
        ),
        consents=MappingProxyType(consents),
        registered_at=item["registered_at"] / 1000,
        changed_at=item["changed_at"] / 1000,
        revision=revision,
    )
