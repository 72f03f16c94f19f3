"""Whether a record fits the schema that the registry holds now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import shop_contracts
from fakes.registry_server import served_registry
from shop_contracts.proto.payments.v1.events_pb2 import PaymentEvent
from shop_dev.dead_letters.fitting import LatestSchemas
from shop_kit import wire

ROOT = Path(shop_contracts.__file__).parent.parent
MONEY, EVENTS = "shop_contracts/proto/common/v1/money.proto", "shop_contracts/proto/payments/v1/events.proto"
TOPIC = "shop.payments.events.v1"


@pytest.fixture
def schemas() -> Iterator[LatestSchemas]:
    with served_registry() as url:
        for subject, file, imports in ((MONEY, MONEY, ()), (f"{TOPIC}-value", EVENTS, (MONEY,))):
            references = [{"name": name, "subject": name, "version": 1} for name in imports]
            body = {"schemaType": "PROTOBUF", "schema": (ROOT / file).read_text(), "references": references}
            httpx.post(f"{url}/subjects/{subject.replace('/', '%2F')}/versions", json=body).raise_for_status()
        yield LatestSchemas(url)


def authorised() -> PaymentEvent:
    event = PaymentEvent(order_id="ord_1", payment_id="pay_1")
    event.payment_authorised.amount.currency_code = "EUR"
    event.payment_authorised.amount.minor_units = 399
    return event


def record(event: PaymentEvent, *, more: bytes = b"") -> bytes:
    return wire.frame(1, wire.body(event) + more)


def test_a_message_of_the_schema_fits_and_is_decoded(schemas: LatestSchemas) -> None:
    fit = schemas.fit(TOPIC, record(authorised()))

    assert fit.fault is None
    assert fit.content == {
        "order_id": "ord_1",
        "payment_id": "pay_1",
        "payment_authorised": {"amount": {"currency_code": "EUR", "minor_units": "399"}},
    }


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "no value"),
        (b"rubbish", "no message of this topic"),
        (record(PaymentEvent(order_id="ord_1")), "no kind is set"),
        (record(authorised(), more=b"\xfa\x3f\x01x"), "fields that this schema does not know: 1023"),
        (b"\x00\x00\x00\x00\x01\x02\x50", "no message of this topic"),
    ],
    ids=["none", "rubbish", "no kind", "unknown field", "another message of the file"],
)
def test_what_does_not_fit_says_why(schemas: LatestSchemas, value: bytes | None, fault: str) -> None:
    assert fault in (schemas.fit(TOPIC, value).fault or "")


def test_a_topic_without_a_schema_is_told(schemas: LatestSchemas) -> None:
    assert "no /subjects/other.topic-value" in (schemas.fit("other.topic", b"x").fault or "")
