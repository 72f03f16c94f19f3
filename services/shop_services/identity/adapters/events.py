"""Customers as Protobuf events."""

from __future__ import annotations

from shop_contracts.proto.identity.v1 import customers_pb2
from shop_kit.messages import OutgoingMessage, outgoing

from shop_services.identity.application.ports import Known
from shop_services.identity.domain.customer import Customer, ErasedCustomer

CUSTOMERS_TOPIC = "shop.identity.customers.v1"
SOURCE = "/shop/identity"


def customer_event(known: Known) -> OutgoingMessage:
    """Return what is true of a customer now, as the message that says so."""
    event = customers_pb2.CustomerEvent(customer_id=known.id, version=known.revision.sequence)
    match known:
        case ErasedCustomer():
            _set(event, known.erased_at)
            event.customer_erased.SetInParent()
        case Customer():
            _set(event, known.changed_at)
            told = event.customer_registered if known.revision.version == 1 else event.customer_changed
            told.customer.CopyFrom(_customer(known))
    return outgoing(CUSTOMERS_TOPIC, known.id, event, source=SOURCE, sequence=known.revision.sequence)


def _set(event: customers_pb2.CustomerEvent, at: float) -> None:
    event.occurred_at.FromMilliseconds(int(at * 1000))


def _customer(customer: Customer) -> customers_pb2.Customer:
    return customers_pb2.Customer(
        email=customer.email,
        name=customer.profile.name,
        language=customer.profile.language,
        group=customer.group,
        consents=[purpose.value for purpose in customer.agreed_to()],
    )
