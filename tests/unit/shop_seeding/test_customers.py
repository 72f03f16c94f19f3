"""Customers of the seeded shop."""

from __future__ import annotations

import msgspec
from shop_seeding.customers import COUNT, customers
from shop_services.identity.adapters.rest import AddressBody, ConsentBody, ProfileBody
from shop_services.identity.domain.customer import Purpose


def test_identity_takes_every_customer() -> None:
    for customer in customers(seed=42):
        msgspec.convert({"name": customer.name, "language": customer.language}, ProfileBody)
        assert [msgspec.convert(address, AddressBody).recipient for address in customer.addresses]
        for purpose, is_given in customer.consents.items():
            assert Purpose(purpose)
            msgspec.convert({"isGiven": is_given}, ConsentBody)


def test_the_same_seed_gives_the_same_customers_and_each_is_one_of_a_kind() -> None:
    known = [*customers(seed=42)]

    assert known == [*customers(seed=42)] != [*customers(seed=43)]
    assert len({customer.email for customer in known}) == COUNT
    assert len({len(customer.addresses) for customer in known}) > 1
    assert {given for customer in known for given in customer.consents.values()} == {True, False}
